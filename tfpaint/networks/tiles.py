"""Convolutional networks on pictures of any size, also where their activations would not fit."""

import keras
import tensorflow as tf

TILE = 768  # pixels a side at most that a network sees at once
HALO = 64  # pixels around a tile's own part, which it shares with its neighbours
GRID = 32  # pixels to which pictures are cut or enlarged: no network here has a larger stride


class Tiled:
    """A network as one function of pictures of any size, traced once.

    More than `TILE` pixels are cut into tiles with a margin of `HALO` pixels. The result is that of
    the network on the whole where it sees no further than that.

    Args:
        network: images or maps (B, H, W, C) to others; of any size if there are to be tiles.
        stride: pixels to a cell of what it is applied to.
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
        """(1, S, S, C), S known, S * stride a multiple of 32 -> (1, S', S', C') float32."""
        side = inputs.shape[1]
        tile, halo, grid = (pixels // self.stride for pixels in (TILE, HALO, GRID))
        if side <= tile:
            result = self._apply(inputs)
            result.set_shape(self._shape(side))  # an operation for it is what TF.js does not have
            return result
        count = -(-(side - 2 * halo) // (tile - 2 * halo))
        starts = [(side - tile) * i // (count - 1) // grid * grid for i in range(count)]
        whole, (_, out_tile, _, channels) = self._shape(side), self._shape(tile)

        def place(index, result):
            y, x = tf.gather(starts, index // count), tf.gather(starts, index % count)
            part = self._apply(inputs[:, y : y + tile, x : x + tile])
            # The halo is left to the neighbours, where there are any.
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
        channels = self.network.input_shape[-1]
        return self.network.compute_output_shape((1, side, side, channels))
