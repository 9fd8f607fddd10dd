"""Runs convolutional networks on large pictures in tiles, to limit the memory of activations."""

import keras
import tensorflow as tf

TILE = 768  # side of a tile in pixels; pictures up to this side are not cut
HALO = 64  # margin in pixels around the part of a tile that is kept, covered by its neighbours too
GRID = 32  # pixels; sides are multiples of it, the total stride of the bundled Feature2Image


class Tiled:
    """A network as one function, traced once, of square inputs of any size.

    An input of more than `TILE` pixels a side is cut into overlapping tiles, each with a margin of
    `HALO` pixels. The result equals that of the network on the whole input wherever the network's
    receptive field reaches no further than the margin.

    Args:
        network: Maps images or feature maps (B, H, W, C) to others. For tiles, it has to take
            inputs of any size.
        stride: Stride of the network's input in pixels: 1 for images.
    """

    def __init__(self, network: keras.Model, stride: int):
        self.network = network
        self.stride = stride
        self._apply = tf.function(
            lambda part: tf.cast(network(part, training=False), tf.float32),
            input_signature=[tf.TensorSpec([1, *network.input_shape[1:]])],
            autograph=False,
        )

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Applies the network.

        Args:
            inputs: float32 (1, S, S, C), S static and S * stride a multiple of 32.

        Returns:
            float32 (1, S', S', C').
        """
        side = inputs.shape[1]
        tile, halo, grid = (pixels // self.stride for pixels in (TILE, HALO, GRID))
        if side <= tile:
            result = self._apply(inputs)
            result.set_shape(self._shape(side))  # TF.js lacks `tf.ensure_shape`
            return result
        count = -(-(side - 2 * halo) // (tile - 2 * halo))
        starts = [(side - tile) * i // (count - 1) // grid * grid for i in range(count)]
        whole, (_, out_tile, _, channels) = self._shape(side), self._shape(tile)

        def place(index, result):
            y, x = tf.gather(starts, index // count), tf.gather(starts, index % count)
            part = self._apply(inputs[:, y : y + tile, x : x + tile])
            # The margin at the top and left belongs to the neighbours there, if there are any. That
            # at the bottom and right is overwritten by the neighbours that follow.
            top, left = (tf.where(start > 0, halo * out_tile // tile, 0) for start in (y, x))
            y, x = y * out_tile // tile, x * out_tile // tile
            return index + 1, tf.raw_ops.TensorStridedSliceUpdate(
                input=result,
                begin=tf.stack([0, y + top, x + left, 0]),
                end=tf.stack([1, y + out_tile, x + out_tile, channels]),
                strides=[1, 1, 1, 1],
                value=part[:, top:, left:],
            )

        return tf.while_loop(
            lambda index, _: index < count**2,
            place,
            (0, tf.zeros(whole)),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape(whole)),
            parallel_iterations=1,
        )[1]

    def _shape(self, side: int) -> tuple[int, int, int, int]:
        """The shape of the network's output for an input of a side."""
        channels = self.network.input_shape[-1]
        return self.network.compute_output_shape((1, side, side, channels))
