"""The steps of a bulk job for one photo: read, fill, write. Beam pickles them for its workers."""

import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.ml.inference.base import ModelHandler

from serving import bulk_files
from serving.bulk_plan import Job
from tfpaint.commands import devices
from tfpaint.pictures import files
from tfpaint.pictures.mask_files import MaskOptions, read_pair
from tfpaint.terminal import silent

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter


class Loaded(NamedTuple):
    """A job with its pictures in memory; `mask` is bool (H, W), True = missing."""

    job: Job
    photo: files.Photo
    mask: np.ndarray


class Filled(NamedTuple):
    """The outcome of a loaded job: the filled photo, or an error.

    `began` is when the fill began, by `time.monotonic`.
    """

    job: Job
    photo: files.Photo | None
    began: float
    error: str | None


class Read(beam.DoFn):
    """From `Job` to `Loaded`. A job that is done or cannot be read gives a record: "records"."""

    def __init__(self, output: str, max_pixels: int, mask_options: MaskOptions):
        self.output, self.max_pixels, self.mask_options = output, max_pixels, mask_options

    def process(self, job: Job) -> Iterator[Loaded | beam.pvalue.TaggedOutput]:
        """Reads photo and mask."""
        began = time.monotonic()
        if job.problem:
            yield beam.pvalue.TaggedOutput("records", bulk_files.record(job, began, job.problem))
            return
        done = bulk_files.finished(job, self.output)
        if done is not None:
            yield beam.pvalue.TaggedOutput("records", done)
            return
        assert job.mask is not None
        try:
            with bulk_files.local(job.photo) as path, bulk_files.local(job.mask) as mask_path:
                photo = files.read_photo(path, self.max_pixels)
                pair = read_pair(photo, mask_path, self.mask_options, self.max_pixels)
            yield Loaded(job, *pair)
        except Exception as error:  # a bad file must not stop the others
            yield beam.pvalue.TaggedOutput("records", bulk_files.record(job, began, _said(error)))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__  # a MemoryError may have no message


class InpaintHandler(ModelHandler[Loaded, Filled, "Inpainter"]):
    """Loads the networks once for each of Beam's workers, and fills one photo at a time.

    Photos are never batched: their sizes differ, and a bad one would fail the others.

    Args:
        preset: A name or a folder.
        device, threads: As for `tfpaint.commands.devices.set_up`.

    Attributes:
        jobs: How many threads fill photos, 1 by default.
    """

    def __init__(self, preset: str, device: str | None = None, threads: int | None = None):
        super().__init__()
        self.preset, self.device, self.threads, self.jobs = preset, device, threads, 1

    def load_model(self) -> "Inpainter":
        """The inpainter of the preset."""
        devices.set_up(self.device, self.threads, self.jobs)
        with silent():
            from tfpaint.inpainter import Inpainter  # TensorFlow is needed by workers only

        return Inpainter.from_preset(self.preset)

    def run_inference(
        self,
        batch: Sequence[Loaded],
        model: "Inpainter",
        inference_args: dict[str, Any] | None = None,
    ) -> Iterator[Filled]:
        """Fills photos, one after the other."""
        for job, photo, mask in batch:
            began = time.monotonic()
            try:
                filled = photo.filled(model(photo.colours, mask, unknown=photo.unknown), mask)
                yield Filled(job, filled, began, None)
            except Exception as error:
                yield Filled(job, None, began, f"{job.photo}: {error}")

    def batch_elements_kwargs(self) -> dict[str, int]:
        """Batches of one."""
        return {"max_batch_size": 1}


class Write(beam.DoFn):
    """From `Filled` to its record. Writes the picture whole or not at all."""

    def __init__(self, output: str):
        self.output = output

    def process(self, filled: Filled) -> Iterator[bulk_files.Record]:
        """Writes the picture, if there is one."""
        job, photo, began, error = filled
        try:
            if photo is not None:
                bulk_files.write(job, photo, self.output, began)
        except Exception as problem:
            error = _said(problem)
        yield bulk_files.record(job, began, error)


class Steps(NamedTuple):
    """What a job goes through, however its photos are shared."""

    read: Read
    fill: InpaintHandler
    write: Write


def steps(
    output: str,
    preset: str,
    max_pixels: int,
    mask_options: MaskOptions,
    device: str | None,
    threads: int | None,
) -> Steps:
    """The steps of a job.

    Args:
        output: The folder of the results, the manifest and the dead-letter list.
        preset: A name or a folder.
        max_pixels: Pictures with more pixels are refused.
        mask_options: How masks are read.
        device, threads: As for `tfpaint.commands.devices.set_up`, for each worker.
    """
    handler = InpaintHandler(preset, device, threads)
    return Steps(Read(output, max_pixels, mask_options), handler, Write(output))


def fill_one(job: Job, steps: Steps) -> bulk_files.Record:
    """All steps of one job, without Beam; the networks stay loaded in this process."""
    (loaded,) = steps.read.process(job)
    if isinstance(loaded, beam.pvalue.TaggedOutput):
        return loaded.value
    handler = steps.fill
    with _LOADING:
        model = _model(handler.preset, handler.device, handler.threads)
    (filled,) = handler.run_inference([loaded], model)
    (record,) = steps.write.process(filled)
    return record


_LOADING = threading.Lock()


@cache
def _model(preset: str, device: str | None, threads: int | None) -> "Inpainter":
    return InpaintHandler(preset, device, threads).load_model()
