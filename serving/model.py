"""One version of the SavedModel in memory, run as TensorFlow Serving runs it."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.status import Code, ServingError, from_tensorflow

DEFAULT_SIGNATURE = "serving_default"
WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
_PREDICT = "tensorflow/serving/predict"

# A signature's graph is prepared when it first runs, in seconds. `bytes` and `variants` are `fill`
# with these for the inputs that they lack, and so are run as `fill`.
_WHOLE = "fill"
_DEFAULTS = {"seed": np.int32(0), "grow_mask": np.int32(0), "wrap": b"none"}


class Model:
    """A SavedModel in a session of its own.

    Unlike `tf.saved_model.load`, a session takes a time limit for every call, and frees its memory
    when it is closed. TensorFlow Serving uses one, too.

    Args:
        folder: A version's folder, with `saved_model.pb` in it.
        progress: Called with the number of warm-up requests that are done, and of all.

    Raises:
        tf.errors.OpError, OSError, ValueError: It cannot be loaded.
    """

    def __init__(self, folder: Path, progress: Callable[[int, int], None] | None = None):
        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto()  # Grappler takes longer than all requests for warm-up
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))
            self.signatures = dict(meta.signature_def)
            self._warm_up(folder / WARMUP, progress)
        except BaseException:
            self._session.close()
            raise

    def signature(self, name: str):
        """The SignatureDef of that name, or the default one for "".

        Raises:
            ServingError: INVALID_ARGUMENT: there is no such signature.
        """
        name = name or DEFAULT_SIGNATURE
        signature = self.signatures.get(name)
        if signature is None or signature.method_name != _PREDICT:
            known = sorted(k for k, v in self.signatures.items() if v.method_name == _PREDICT)
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f'Serving signature name: "{name[:100]}" not found in signature def;'
                f" this model has {', '.join(known)}",
            )
        return signature

    def run(
        self,
        signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs one request. Requests are never batched together.

        Args:
            signature: From `signature`.
            inputs: An array for each input of the signature, by name.
            outputs: The names of the outputs to compute; by default all.
            seconds: The longest time it may take.

        Raises:
            ServingError: The graph refused the inputs, or took too long.
        """
        if strangers := set(outputs) - set(signature.outputs):
            raise ServingError(
                Code.INVALID_ARGUMENT, f"output tensor alias not found: {min(strangers)[:100]}"
            )
        signature, inputs = self._whole(signature, inputs)
        fetches = {name: signature.outputs[name].name for name in outputs or signature.outputs}
        feeds = {signature.inputs[name].name: array for name, array in inputs.items()}
        limit = None if seconds is None else max(1, int(seconds * 1000))
        options = tf.compat.v1.RunOptions(timeout_in_ms=limit)
        try:
            return self._session.run(fetches, feeds, options=options)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error

    def _whole(self, signature, inputs: Mapping[str, np.ndarray]):
        """The signature and the inputs by which a request is run."""
        whole = self.signatures.get(_WHOLE, signature)
        lacking = set(whole.inputs) - set(signature.inputs)
        if not set(signature.inputs) < set(whole.inputs) or not lacking <= set(_DEFAULTS):
            return signature, inputs
        count = np.shape(inputs.get("image_bytes", 0))[:1]
        return whole, {**inputs, **{name: np.full(count, _DEFAULTS[name]) for name in lacking}}

    def close(self) -> None:
        """Frees the memory. No request may be running."""
        self._session.close()

    def _warm_up(self, requests: Path, progress: Callable[[int, int], None] | None) -> None:
        """Runs the warm-up requests exported with the model, so that no user's request is slow."""
        if not requests.exists():
            return
        by_graph: dict[tuple[str, ...], list[Any]] = {}
        for record in tf.compat.v1.io.tf_record_iterator(str(requests)):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            signature = self.signature(request.model_spec.signature_name)
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            whole, _ = self._whole(signature, inputs)
            key = tuple(one.name for one in whole.outputs.values())
            by_graph.setdefault(key, []).append((signature, inputs))
        done, count = itertools.count(1), sum(map(len, by_graph.values()))
        telling = Lock()  # in order

        def answer(requests):
            for one in requests:
                self.run(*one)
                with telling:
                    if progress is not None:
                        progress(next(done), count)

        # Each graph in a thread of its own: two threads would prepare the same one twice.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for answered in [threads.submit(answer, one) for one in by_graph.values()]:
                answered.result()
