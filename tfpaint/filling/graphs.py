"""The graphs by which an inpainter fills photos, shared by the threads that call it."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf

from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.whole_photo import fill_photo
from tfpaint.maps.traced import as_graph, unoptimized

Progress: TypeAlias = Callable[[int, int], None]


class Kind(NamedTuple):
    """What a graph is made for: photos and holes of all sizes.

    Attributes:
        steps: It returns (N, H, W, 3), the coarse fill and each scale, not the result alone.
        dtype: Of the photo.
        unknown: Whether the photo has pixels that hold nothing.
        reports: Whether it tells of each window that it begins.
    """

    steps: bool = False
    dtype: tf.DType = tf.uint8
    unknown: bool = False
    reports: bool = False


class Graphs:
    """Fills photos, those of the first windows without a graph.

    Args:
        filler: Fills each window.
    """

    def __init__(self, filler: WindowFiller):
        self.filler = filler
        self._lock = threading.Lock()
        self._made: dict[Kind, Any] = {}
        self._filled: Counter[Kind] = Counter()
        self._calls = itertools.count()
        self._progress: dict[int, Progress] = {}

    def pays(self, kind: Kind, windows: int, untraced: int) -> bool:
        """Counts the windows of a photo, or none; whether there were now more than `untraced`."""
        with self._lock:
            self._filled[kind] += windows
            return self._filled[kind] > untraced

    def run(self, kind: Kind, given: Sequence[Any], progress: Progress | None) -> tf.Tensor:
        """Fills a photo by a graph.

        Args:
            kind: What the graph is made for.
            given: The photo, its mask, the seed, and the mask of what holds nothing if it has one.
            progress: As for `tfpaint.Inpainter`; None if the kind does not report.
        """
        if progress is None:
            return self.of(kind)(*given)
        call = next(self._calls)
        self._progress[call] = progress
        try:
            return self.of(kind)(*given, call)
        finally:
            del self._progress[call]

    def run_eagerly(
        self,
        kind: Kind,
        given: Sequence[Any],
        progress: Progress | None,
        scales: Sequence[int],
        split: tuple[list[tf.Tensor], tf.Tensor],
    ) -> tf.Tensor:
        """As `run`, without a graph; with `steps`, as far as the last of `scales`.

        `split` is what `tfpaint.filling.thin_holes.thin_parts` has made of the mask; nothing reads
        it if the filler does not swap pixels.
        """
        report = progress and (lambda index, count: progress(int(index), int(count)))
        return self._fill(kind, scales, report, split, *given)

    def of(self, kind: Kind) -> Any:
        """The function of a kind, made once.

        From `dtype` (H, W, 3), bool (H, W), a seed, with `unknown` another bool (H, W), and if it
        reports the number of the call.
        """
        with self._lock:
            if kind not in self._made:
                self._made[kind] = self._new(kind)
            return self._made[kind]

    def _new(self, kind: Kind) -> Any:
        mask, number = tf.TensorSpec([None, None], tf.bool), tf.TensorSpec([], tf.int32)
        signature = [tf.TensorSpec([None, None, 3], kind.dtype), mask, number]
        signature += [mask] * kind.unknown + [number] * kind.reports

        def inpaint(image, mask, seed, *more):
            unknown = more[0] if kind.unknown else None
            report = partial(self._report, more[-1]) if kind.reports else None
            with unoptimized():  # what is called in the graph keeps this, whoever traces it
                return self._fill(
                    kind, self.filler.scales, report, None, image, mask, seed, unknown
                )

        return as_graph(inpaint, input_signature=signature)

    def _fill(
        self, kind: Kind, scales, report, split, image, mask, seed, unknown=None
    ) -> tf.Tensor:
        count = len(scales) + 1 if kind.steps else 1
        about = unknown, scales, count, report, split
        pictures = fill_photo(self.filler, image, mask, seed, *about)
        return pictures if kind.steps else pictures[0]

    def _report(self, call: tf.Tensor, index: tf.Tensor, count: tf.Tensor) -> None:
        """Tells of a window from a graph, which knows the call by its number only."""

        def tell(call, index, count):
            self._progress[int(call)](int(index), int(count))

        tf.py_function(tell, [call, index, count], [])
