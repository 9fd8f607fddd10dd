"""The graphs by which an inpainter fills photos, shared by the threads that call it."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling import kept_graphs
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.whole_photo import fill_photo
from tfpaint.maps.light_calls import on_gpu
from tfpaint.maps.light_function import LightFunction, graph_of
from tfpaint.maps.traced import as_graph, unoptimized

Progress: TypeAlias = Callable[[int, int], None]

_calls = itertools.count()
_progress: dict[int, Progress] = {}


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
    """Fills photos, those of the first windows without a graph, unless one has been kept.

    Args:
        filler: Fills each window.
    """

    def __init__(self, filler: WindowFiller):
        self.filler = filler
        self._lock = threading.Lock()
        self._made: dict[Kind, Any] = {}
        self._filled: Counter[Kind] = Counter()

    def pays(self, kind: Kind, windows: int, untraced: int) -> bool:
        """Counts the windows of a photo, or none; whether to fill it by a graph.

        That is so if there were now more than `untraced`, or if a graph has been kept; but not
        while TensorFlow runs functions eagerly (`tf.config.run_functions_eagerly`).
        """
        if tf.config.functions_run_eagerly():
            return False
        with self._lock:
            self._filled[kind] += windows
            return self._filled[kind] > untraced or self._ready(kind) is not None

    def prepare(self) -> None:
        """Keeps the graphs for usual photos. See `Inpainter.prepare`."""
        if on_gpu():
            raise InputError("graphs are kept for processors only, and TensorFlow has a GPU here")
        for kind in (Kind(), Kind(reports=True)):
            if kept_graphs.load(self.filler, kind) is None:
                with self._lock:
                    self._made[kind] = self._new(kind)
            if kept_graphs.load(self.filler, kind) is None:
                raise InputError(f"{kept_graphs.folder()}: no graph of these networks can be kept")

    def run(self, kind: Kind, given: Sequence[Any], progress: Progress | None) -> tf.Tensor:
        """Fills a photo by a graph.

        Args:
            kind: What the graph is made for.
            given: The photo, its mask, the seed, and the mask of what holds nothing if it has one.
            progress: As for `tfpaint.Inpainter`; None if the kind does not report.
        """
        graph = self.of(kind)
        if progress is None:
            return graph(*given)
        call = next(_calls)
        _progress[call] = progress
        try:
            return graph(*given, call)
        finally:
            del _progress[call]

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
        """The graph of a kind, made once; it takes what `traced` says."""
        with self._lock:
            if self._ready(kind) is None:
                self._made[kind] = self._new(kind)
            return self._made[kind]

    def traced(self, kind: Kind) -> Any:
        """A new `tf.function` of a kind.

        From `dtype` (H, W, 3), bool (H, W), a seed, with `unknown` another bool (H, W), and if it
        reports the number of the call.
        """
        mask, number = tf.TensorSpec([None, None], tf.bool), tf.TensorSpec([], tf.int32)
        signature = [tf.TensorSpec([None, None, 3], kind.dtype), mask, number]
        signature += [mask] * kind.unknown + [number] * kind.reports

        def inpaint(image, mask, seed, *more):
            unknown = more[0] if kind.unknown else None
            report = partial(_report, more[-1]) if kind.reports else None
            with unoptimized():  # what is called in the graph keeps this, whoever traces it
                return self._fill(
                    kind, self.filler.scales, report, None, image, mask, seed, unknown
                )

        return as_graph(inpaint, input_signature=signature)

    def _ready(self, kind: Kind) -> Any:
        """The graph of a kind that has been made or kept, or None."""
        if kind not in self._made and not on_gpu():
            graph = kept_graphs.load(self.filler, kind)
            self._made[kind] = graph and self._light(graph)
        return self._made.get(kind)

    def _new(self, kind: Kind) -> Any:
        function = self.traced(kind)
        try:
            graph = None if on_gpu() else graph_of(function, self.filler.variables)
        except ValueError:  # networks that are not tfpaint's own may use all sorts of things
            graph = None
        if graph is None:
            return function
        kept_graphs.keep(self.filler, kind, graph)
        return self._light(graph)

    def _light(self, graph: Any) -> LightFunction:
        return LightFunction(graph, self.filler.variables, _token()[0])

    def _fill(
        self, kind: Kind, scales, report, split, image, mask, seed, unknown=None
    ) -> tf.Tensor:
        count = len(scales) + 1 if kind.steps else 1
        about = unknown, scales, count, report, split
        pictures = fill_photo(self.filler, image, mask, seed, *about)
        return pictures if kind.steps else pictures[0]


def _report(call: tf.Tensor, index: tf.Tensor, count: tf.Tensor) -> None:
    """Tells of a window from a graph, which knows the call by its number only."""
    tf.py_function(_tell, [call, index, count], [])


def _tell(call: tf.Tensor, index: tf.Tensor, count: tf.Tensor) -> None:
    _progress[int(call)](int(index), int(count))


@cache
def _token() -> tuple[bytes, tf.Graph]:
    """By which all graphs of this process know `_tell`, as long as the second is there."""
    with tf.Graph().as_default() as graph:
        _report(*map(tf.constant, (0, 0, 0)))
    return graph.get_operations()[-1].get_attr("token"), graph
