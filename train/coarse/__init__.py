"""Trains Image2Feature on any backend of Keras, for a TPU or a few minutes of a large GPU.

Nothing here needs TensorFlow. Random choices are made on the host, from the run's seed and the
number of the step, so that every backend sees the same squares and holes; what is done with them
is done on the device.
"""
