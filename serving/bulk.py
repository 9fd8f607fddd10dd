"""Inpaint many photos with Apache Beam. Run again, it continues with those that are left.

    python -m serving bulk --input 'photos/*.jpg' --masks masks/ --output filled/
    python -m serving bulk --input frames/ --masks logo.png --output clean/ \\
        --direct_num_workers 2 --direct_running_mode multi_processing
    python -m serving bulk --input /data/photos --masks /data/masks --output /data/filled \\
        --dask tcp://scheduler:8786

--masks is one mask for all, or a folder with a mask of each photo's name. Results keep their
photos' names; files that are no pictures are named and left out. At the end, OUTPUT/manifest.jsonl
has a line for each photo (input, mask, output, seconds, error), and OUTPUT/dead-letter.jsonl has
the lines of the photos that failed. When it was interrupted, or photos have failed, run the same
command again: it keeps the results that exist. All other options are Beam's: --runner FlinkRunner,
SparkRunner, DataflowRunner, ...; by default it works on this machine, in this process. --dask
shares the photos among the workers of a Dask cluster instead. Exit code: 0 done, 2 something
failed.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.ml.inference.base import ModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from serving import bulk_files, bulk_plan
from serving.bulk_plan import Job
from tfpaint.commands import devices
from tfpaint.errors import InputError
from tfpaint.pictures import files
from tfpaint.pictures.mask_files import AS_THEY_ARE, MaskOptions, read_pair
from tfpaint.terminal import add_mask_options, silent

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
    """

    def __init__(self, preset: str, device: str | None = None, threads: int | None = None):
        super().__init__()
        self.preset, self.device, self.threads = preset, device, threads

    def load_model(self) -> "Inpainter":
        """The inpainter of the preset."""
        devices.set_up(self.device, self.threads)
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


def fill_one(
    job: Job,
    output: str,
    preset: str,
    max_pixels: int,
    mask_options: MaskOptions,
    device: str | None = None,
    threads: int | None = None,
) -> bulk_files.Record:
    """All steps of one job, without Beam; the networks stay loaded in this process."""
    (loaded,) = Read(output, max_pixels, mask_options).process(job)
    if isinstance(loaded, beam.pvalue.TaggedOutput):
        return loaded.value
    with _LOADING:
        model = _model(preset, device, threads)
    (filled,) = InpaintHandler(preset).run_inference([loaded], model)
    (record,) = Write(output).process(filled)
    return record


_LOADING = threading.Lock()


@cache
def _model(preset: str, device: str | None, threads: int | None) -> "Inpainter":
    return InpaintHandler(preset, device, threads).load_model()


def build(
    pipeline: beam.Pipeline,
    jobs: list[Job],
    output: str,
    preset: str = "photo",
    max_pixels: int = files.MAX_PIXELS,
    mask_options: MaskOptions = AS_THEY_ARE,
    device: str | None = None,
    threads: int | None = None,
) -> None:
    """Adds all steps to a pipeline.

    Args:
        pipeline: What to add them to.
        jobs: From `bulk_plan.plan`.
        output: The folder of the results, the manifest and the dead-letter list.
        preset: A name or a folder.
        max_pixels: Pictures with more pixels are refused.
        mask_options: How masks are read.
        device, threads: As for `tfpaint.commands.devices.set_up`, for each of Beam's workers.
    """
    read = (
        pipeline
        | "Photos" >> beam.Create(jobs)
        | "Spread" >> beam.Reshuffle()
        | "Read"
        >> beam.ParDo(Read(output, max_pixels, mask_options)).with_outputs("records", main="on")
    )
    written = (
        read.on
        | "Inpaint" >> RunInference(InpaintHandler(preset, device, threads))
        | "Write" >> beam.ParDo(Write(output))
    )
    _ = (
        (read.records, written)
        | beam.Flatten()
        | beam.combiners.ToList()
        | "Manifest" >> beam.Map(bulk_files.write_manifest, output)
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m serving bulk`, other than Beam's."""
    add = parser.add_argument
    add("--input", required=True, metavar="PATTERN", help="photos: a folder, or 'photos/*.jpg'")
    add("--masks", required=True, metavar="PATH", help="one mask for all, or a folder of them")
    add("--output", required=True, metavar="DIR", help="folder for the results")
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--recursive", action="store_true", help="take the photos of subfolders, too")
    add_mask_options(parser)
    devices.add_device_options(parser)
    add(
        "--max-pixels",
        type=float,
        default=files.MAX_PIXELS,
        help="refuse larger pictures (%(default)g)",
    )
    add("--dask", metavar="ADDRESS", help="let a Dask cluster's workers do it: tcp://host:8786")


def run(options: argparse.Namespace) -> None:
    """The command `python -m serving bulk`; `options.beam` holds Beam's own arguments.

    Raises:
        InputError: An option or file cannot be used, or photos have failed.
    """
    settings = PipelineOptions(options.beam)
    known, all_ = (settings.get_all_options(retain_unknown_options=keep) for keep in (False, True))
    if unknown := sorted(set(all_) - set(known)):
        raise InputError(f"--{unknown[0]}: neither this program nor Beam knows it; see --help")
    standard = settings.view_as(StandardOptions)
    # Not "DirectRunner", Beam's default: it downloads a program from GitHub and starts it.
    standard.runner = standard.runner or "FnApiRunner"
    if standard.runner.endswith("DaskRunner"):
        raise InputError(f"--runner {standard.runner}: Beam's loses results; use --dask ADDRESS")
    mask_options = MaskOptions.parsed(options)
    jobs, left_out = bulk_plan.plan(options.input, options.masks, options.output, options.recursive)
    for line in left_out:
        print(f"serving: {line}", file=sys.stderr)
    how: dict[str, Any] = {
        "output": options.output,
        "preset": options.preset,
        "max_pixels": int(options.max_pixels),
        "mask_options": mask_options,
        "device": options.device,
        "threads": options.threads,
    }
    if options.dask:
        records = _dask().run(options.dask, partial(fill_one, **how), jobs)
        bulk_files.write_manifest(records, options.output)
    else:
        with beam.Pipeline(options=settings) as pipeline:
            build(pipeline, jobs, **how)
    failed = bulk_files.count_failed(options.output)
    print(f"{len(jobs) - failed} of {len(jobs)} photos are in {options.output}")
    if failed:
        raise InputError(
            f"{bulk_files.join(options.output, bulk_files.DEAD_LETTERS)}: says why {failed} photos"
            " could not be done; fix them and run this again"
        )


def _dask() -> ModuleType:
    try:
        return import_module("serving.bulk_dask")
    except ImportError as error:
        raise InputError("--dask: Dask is missing; pip install 'dask[distributed]'") from error
