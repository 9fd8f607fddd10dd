"""Inpaint many photos, here or with Apache Beam. Run again, it continues with those that are left.

    python -m serving bulk --input 'photos/*.jpg' --masks masks/ --output filled/
    python -m serving bulk --input frames/ --masks logo.png --output clean/ \\
        --direct_num_workers 2 --direct_running_mode multi_processing
    python -m serving bulk --input /data/photos --masks /data/masks --output /data/filled \\
        --dask tcp://scheduler:8786

--masks is one mask for all, or a folder with a mask of each photo's name. Results keep their
photos' names; files that are no pictures are named and left out. At the end, OUTPUT/manifest.jsonl
has a line for each photo (input, mask, output, seconds, error), and OUTPUT/dead-letter.jsonl has
the lines of the photos that failed. When it was interrupted, or photos have failed, run the same
command again: it keeps the results that exist. It works in this process, --jobs photos at a time.
All other options are Beam's: --runner FlinkRunner, SparkRunner, DataflowRunner, ... --dask shares
the photos among the workers of a Dask cluster instead. Exit code: 0 done, 2 something failed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from serving import bulk_files, bulk_plan, bulk_steps
from serving.bulk_plan import Job
from serving.bulk_steps import Filled, Loaded, Steps, fill_one
from tfpaint.commands import devices
from tfpaint.errors import InputError
from tfpaint.overlap import MANY, add_jobs_option, jobs_for, overlapped
from tfpaint.pictures import files
from tfpaint.pictures.mask_files import MaskOptions
from tfpaint.terminal import add_mask_options


def here(jobs: Sequence[Job], at_a_time: int, steps: Steps) -> list[bulk_files.Record]:
    """Does all jobs in this process, `at_a_time` fills in threads; returns their records."""
    records: list[bulk_files.Record] = []
    steps.fill.jobs = at_a_time
    model: Any = None

    def readable() -> Iterator[Loaded]:
        nonlocal model
        for job in jobs:
            (found,) = steps.read.process(job)
            if isinstance(found, beam.pvalue.TaggedOutput):
                records.append(found.value)
                continue
            if model is None:
                model = steps.fill.load_model()
                if len(jobs) > MANY:
                    model.untraced = 0
            yield found

    def fill(loaded: Loaded) -> Filled:
        (filled,) = steps.fill.run_inference([loaded], model)
        return filled

    with closing(overlapped(fill, readable(), at_a_time)) as outcomes:
        for _, filled in outcomes:
            records += steps.write.process(filled.result())
    return records


def build(pipeline: beam.Pipeline, jobs: list[Job], steps: Steps) -> None:
    """Adds all steps, and the manifest of their records, to a pipeline."""
    read = (
        pipeline
        | "Photos" >> beam.Create(jobs)
        | "Spread" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(steps.read).with_outputs("records", main="on")
    )
    written = read.on | "Inpaint" >> RunInference(steps.fill) | "Write" >> beam.ParDo(steps.write)
    _ = (
        (read.records, written)
        | beam.Flatten()
        | beam.combiners.ToList()
        | "Manifest" >> beam.Map(bulk_files.write_manifest, steps.write.output)
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
    add_jobs_option(parser)
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
    if options.jobs and (options.dask or options.beam):
        raise InputError(
            "--jobs: goes without --dask and Beam's options; they have workers of their own"
        )
    mask_options = MaskOptions.parsed(options)
    jobs, left_out = bulk_plan.plan(options.input, options.masks, options.output, options.recursive)
    for line in left_out:
        print(f"serving: {line}", file=sys.stderr)
    steps = bulk_steps.steps(
        options.output,
        options.preset,
        int(options.max_pixels),
        mask_options,
        options.device,
        options.threads,
    )
    if options.dask:
        records = _dask().run(options.dask, partial(fill_one, steps=steps), jobs)
        bulk_files.write_manifest(records, options.output)
    elif not options.beam:
        records = here(jobs, jobs_for(len(jobs), options.jobs), steps)
        bulk_files.write_manifest(records, options.output)
    else:
        with beam.Pipeline(options=settings) as pipeline:
            build(pipeline, jobs, steps)
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
