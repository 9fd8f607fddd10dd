"""A SavedModel with tfpaint's signatures that needs no networks, and a server in a thread."""

import asyncio
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from serving.options import Options
from serving.server import Server
from tfpaint.maps.dilation import dilate


class Grey(tf.Module):
    """Paints the hole in one grey, and `seed` brighter; `slow` takes as long as it is told.

    `fill` widens the mask, and paints another 50 brighter if edges meet.
    """

    def __init__(self, grey: int):
        super().__init__()
        self.grey = tf.Variable(tf.constant(grey, tf.uint8))

    def _fill(self, image, mask, seed=0):
        same = tf.reduce_all(tf.equal(tf.shape(image)[:-1], tf.shape(mask)[:-1]))
        some = tf.reduce_any(mask <= 127)
        checks = [
            tf.debugging.Assert(same, ["the mask has to be of the photo's size"]),
            tf.debugging.Assert(some, ["the mask covers the whole photo"]),
        ]
        with tf.control_dependencies(checks):
            return tf.where(mask > 127, self.grey + tf.cast(seed, tf.uint8), image)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"),
            tf.TensorSpec([None, None, None, 1], tf.uint8, name="mask"),
        ]
    )
    def arrays(self, image, mask):
        return {"image": self._fill(image, mask)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="mask_bytes"),
        ]
    )
    def bytes(self, image_bytes, mask_bytes):
        return self.variants(image_bytes, mask_bytes, tf.zeros_like(image_bytes, tf.int32))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="mask_bytes"),
            tf.TensorSpec([None], tf.int32, name="seed"),
        ]
    )
    def variants(self, image_bytes, mask_bytes, seed):
        def one(item):
            image, mask = tf.io.decode_png(item[0], 3), tf.io.decode_png(item[1], 1)
            return tf.io.encode_png(self._fill(image, mask, item[2]))

        items = (image_bytes, mask_bytes, seed)
        return {"image_bytes": tf.map_fn(one, items, fn_output_signature=tf.string)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="mask_bytes"),
            tf.TensorSpec([None], tf.int32, name="seed"),
            tf.TensorSpec([None], tf.int32, name="grow_mask"),
            tf.TensorSpec([None], tf.string, name="wrap"),
        ]
    )
    def fill(self, image_bytes, mask_bytes, seed, grow_mask, wrap):
        def one(item):
            image, mask = tf.io.decode_png(item[0], 3), tf.io.decode_png(item[1], 1)
            grown = dilate(mask[..., 0] > 127, item[3])[..., None]
            brighter = item[2] + tf.where(item[4] == "none", 0, 50)
            return tf.io.encode_png(self._fill(image, 255 * tf.cast(grown, tf.uint8), brighter))

        items = (image_bytes, mask_bytes, seed, grow_mask, wrap)
        return {"image_bytes": tf.map_fn(one, items, fn_output_signature=tf.string)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="seconds")])
    def slow(self, seconds):
        end = tf.timestamp() + tf.cast(seconds[0], tf.float64)
        (turns,) = tf.while_loop(lambda turns: tf.timestamp() < end, lambda turns: [turns + 1], [0])
        return {"turns": turns, "seconds": seconds}


def save(folder: Path, grey: int = 128) -> Path:
    """Writes a version, appearing at once as exports do."""
    module, temporary = Grey(grey), folder.with_name(f".{folder.name}")
    signatures = {"serving_default": module.arrays, "slow": module.slow}
    signatures |= {"bytes": module.bytes, "variants": module.variants, "fill": module.fill}
    tf.saved_model.save(module, str(temporary), signatures=signatures)
    temporary.rename(folder)
    return folder.parent


class Running:
    """A server in a thread of its own."""

    def __init__(self, options: Options):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.server = self.run(self._make(options))
        self.run(self.server.start())
        self.target = f"localhost:{self.server.grpc.port}"
        self.url = f"http://127.0.0.1:{self.server.rest_port}"

    async def _make(self, options: Options) -> Server:
        return Server(options)

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def stop(self):
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()


@contextmanager
def running(model: Path, **options):
    server = Running(Options(model=model, port=0, rest_port=0, **options))
    try:
        yield server
    finally:
        server.stop()


def wait_until(condition, seconds: float = 60.0):
    """Returns once the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
