"""Seconds for each part of ours, and how much faster it is than neural inpainting (section 4.3).

    python -m benchmarks.running_time --vgg FILE [--quick] [--json FILE]

One photo of scikit-image, 512 px with a hole of 224; everything in one process, one after the
other. Prints the share of each stage, the swap of a 64x64x256 map, one photo and sixteen, and when
neural inpainting's texture loss falls to that of our result.
"""

import argparse
import json
import os
import time
from collections import defaultdict
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.baselines import neural
from tfpaint.evaluation.cases import load_cases
from tfpaint.filling.feature_swap import encode_with_keys
from tfpaint.filling.multi_scale import level
from tfpaint.inpainter import Inpainter
from tfpaint.maps.mask_cells import centre
from tfpaint.networks.encoder import VGG19Encoder
from tfpaint.patch_swap import patch_swap

PAPER = {"swap": 0.1, "sixteen": 10.0, "ratio": 80.0}  # seconds on a GTX 1080 Ti, and a ratio


def seconds(function, *arguments, times=5):
    """The median of some calls, after one that prepares."""
    function(*arguments)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        function(*arguments)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def stages(inpainter, case, times=5):
    """Seconds of each stage for a photo that is one window, summed over its scales."""
    filler = inpainter.filler
    truth = tf.cast(case.incomplete, tf.float32)
    missing = tf.cast(case.mask, tf.float32)[..., None]
    crop = tf.concat([truth * (1 - missing), 1 - missing, missing], -1)
    taken: defaultdict[str, float] = defaultdict(float)

    def measure(stage, function, *arguments):
        compiled = tf.function(function, autograph=False)

        def run():
            for one in tf.nest.flatten(compiled(*arguments)):
                if one is not None:
                    one.numpy()

        taken[stage] += seconds(run, times=times)
        return compiled(*arguments)

    picture, sure = measure("Image2Feature", filler.coarse, *level(crop, filler.scales[0]))
    matches = None
    for index, scale in enumerate(filler.scales):
        if scale > len(truth):
            break
        begin, swap = (
            partial(stage, index=index, sure=sure) for stage in (filler.begin, filler.swap)
        )
        draw = partial(filler.draw, index=index)
        coarse = picture
        photo, mask, picture = measure("pieces of the coarse fill", begin, crop, picture)
        if index == 0 or not filler.pixels:
            encode = partial(encode_with_keys, filler.encode, options=filler.options, scale=index)
            before = taken["encoder"]
            measure("encoder", encode, picture)
            _, swapped, matches = measure("patch-swap", swap, picture, mask, matches)
            taken["patch-swap"] -= taken["encoder"] - before  # it encodes as well
            picture = measure("Feature2Image", draw, swapped, picture, photo, mask)
        if filler.pixels:
            levels = filler.next_pixels
            given = [(picture + 1) * 127.5, mask, matches]
            if index == 0:
                levels = filler.first_pixels
                guide = tf.where(mask > 0, coarse, photo)
                given = [given[0], (guide + 1) * 127.5, mask, matches, tf.constant(0)]
            painted, matches = measure("patch-swap in pixels", levels, *given)
            picture = tf.where(mask * centre(scale) > 0, painted / 127.5 - 1, picture)
    whole = seconds(lambda: inpainter(case.incomplete, case.mask), times=times)
    taken["windows, blending, the rest"] = max(whole - sum(taken.values()), 0.0)
    return dict(taken), whole


def swap_of_64(times=5):
    """Seconds of patch-swap on a map of 64x64x256 with a hole of half its side."""
    features = tf.constant(np.random.default_rng(0).random((1, 64, 64, 256), np.float32))
    hole = centre(64)
    compiled = tf.function(patch_swap, autograph=False)
    return seconds(lambda: compiled(features, hole).numpy(), times=times)


def against_neural(inpainter, case, encoder, iterations):
    """Neural inpainting's history, and the texture losses of ours, coarse fill and truth."""
    steps = inpainter(case.incomplete, case.mask, steps=True)
    pictures = {"ours": steps.image, "coarse fill": steps.coarse, "truth": case.truth}
    scaled = {name: p.astype(np.float32) / 127.5 - 1.0 for name, p in pictures.items()}
    objective = neural.Objective(scaled["coarse fill"], case.mask, encoder)
    losses = {name: objective.texture_of(picture) for name, picture in scaled.items()}
    optimised = neural.inpaint(
        case.incomplete, case.mask, steps.coarse, encoder, iterations=iterations
    )
    final = optimised.image.astype(np.float32) / 127.5 - 1.0
    losses["neural"] = objective.texture_of(final)
    last = [row for row in optimised.history if row[1] == optimised.history[-1][1]]
    reached = next((row[0] for row in last if row[2] <= losses["ours"]), None)
    return {
        "seconds": optimised.history[-1][0],
        "seconds_to_our_texture_loss": reached,
        "texture": losses,
        "loss": {f"iteration {i}": last[i - 1][3] for i in (1, len(last) // 2, len(last))},
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vgg", default="imagenet", help="VGG19's weights (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="128 px, random VGG19, one round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    side, times, many, iterations = (128, 1, 2, 3) if options.quick else (512, 5, 16, None)
    case = next(load_cases(None, f"centre:{side * 7 // 16}", side))
    inpainter, encoder = Inpainter.from_preset("photo"), VGG19Encoder()
    inpainter.untraced = 0  # each call that is timed runs the graph
    if not options.quick:
        encoder.load_vgg19(options.vgg)
    parts, whole = stages(inpainter, case, times)
    print(f"one photo of {side} px: {whole:.2f} s")
    for stage, taken in sorted(parts.items(), key=lambda pair: -pair[1]):
        print(f"  {stage:30} {taken:6.3f} s {taken / whole:5.0%}")
    swap = swap_of_64(times)
    print(f"patch-swap of a 64x64x256 map: {swap:.3f} s (paper: {PAPER['swap']} s)")

    def batch():
        for _ in range(many):
            inpainter(case.incomplete, case.mask)

    sixteen = seconds(batch, times=1)
    print(f"{many} photos: {sixteen:.1f} s (paper, 16 photos: {PAPER['sixteen']:.0f} s)")
    other = against_neural(inpainter, case, encoder, iterations or neural.ITERATIONS)
    ratio = other["seconds"] / whole
    print(
        f"neural inpainting: {other['seconds']:.0f} s, {ratio:.0f}x (paper: {PAPER['ratio']:.0f}x)"
    )
    print(f"  loss at the last scale: {other['loss']}")
    print(f"  texture loss: {other['texture']}")
    reached = other["seconds_to_our_texture_loss"]
    equal = "never" if reached is None else f"after {reached:.1f} s, {reached / whole:.0f}x"
    print(f"  at the last scale its texture loss is ours: {equal}")
    report = {
        "seconds": whole,
        "stages": parts,
        "swap_64": swap,
        "photos": many,
        "seconds_of_photos": sixteen,
        "neural": other,
        "ratio": ratio,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return report


if __name__ == "__main__":
    main()
