"""The page's masks are widened, and its photos rolled where their edges meet, as in Python."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from tests.test_wrap import ACROSS, SIZE, steps_of
from tests.tiny import mask_of
from tfpaint.filling.wrap import MEETING
from tfpaint.pictures.tight_masks import grow

PROGRAM = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [height, width, wraps, masks, radii] = JSON.parse(readFileSync(process.argv[2]));
const { grow } = await import(pathToFileURL("export/web/js/grow.js"));
const { inpaintWrapped, passes } = await import(pathToFileURL("export/web/js/wrap.js"));

// An engine that leaves a colour for each fill, all over every row of its hole.
function engine() {
  let turn = 0;
  return async ({ missing, read }) => {
    turn++;
    const patches = [];
    for (let y = 0; y < height; y++) {
      if (!missing.subarray(y * width, (y + 1) * width).includes(1)) continue;
      const place = { x: 0, y, width, height: 1 };
      patches.push({ ...place, pixels: read(place).fill(turn) });
    }
    return { patches, others: async (seed) => patches.map((patch) => ({ ...patch, seed })) };
  };
}

const answers = [];
for (const mask of masks) {
  const missing = Uint8Array.from(mask);
  for (const wrap of wraps) {
    const steps = passes(missing, width, height, wrap);
    const known = new Uint8ClampedArray(4 * width * height).map((_, i) => 100 + (i % 97));
    const job = { width, height, missing, read: (place) => crop(known, place) };
    const { patches, others } = await inpaintWrapped(engine(), job, wrap);
    const filled = known.slice();
    for (const patch of patches) put(patch, filled, missing);
    answers.push({
      steps: steps.map(({ shift, hole }) => [shift, [...hole]]),
      kept: missing.every((one, at) => one || filled[4 * at] === known[4 * at]),
      turns: [...missing.keys()].filter((at) => missing[at]).map((at) => filled[4 * at]),
      others: others !== null,
    });
  }
}
const widen = (mask, radius) => [...grow(Uint8Array.from(mask), width, height, radius)];
const wide = masks.map((mask) => radii.map((radius) => widen(mask, radius)));
console.log(JSON.stringify([answers, wide]));

function crop(pixels, { x, y, width: w, height: h }) {
  const part = new Uint8ClampedArray(4 * w * h);
  for (let row = 0; row < h; row++) {
    const at = 4 * ((y + row) * width + x);
    part.set(pixels.subarray(at, at + 4 * w), 4 * row * w);
  }
  return part;
}

function put({ x, y, width: w, height: h, pixels }, picture, missing) {
  for (let i = 0; i < w * h; i++) {
    const at = (y + Math.floor(i / w)) * width + x + (i % w);
    if (missing[at]) picture.set(pixels.subarray(4 * i, 4 * i + 4), 4 * at);
  }
}
"""
RADII = [0, 1, 3, 8, 30]


@pytest.fixture(scope="module")
def masks():
    speckled = np.random.default_rng(0).random(SIZE) > 0.97
    return [*ACROSS.values(), mask_of(*SIZE, (20, 30, 40, 50)), speckled]


@pytest.fixture(scope="module")
def found(root, masks, tmp_path_factory):
    if not shutil.which("node"):
        pytest.skip("needs Node.js")
    script = tmp_path_factory.mktemp("node") / "wrap.mjs"
    script.write_text(PROGRAM)
    flat = [mask.ravel().astype(int).tolist() for mask in masks]
    given = script.with_suffix(".json")
    given.write_text(json.dumps([*SIZE, list(MEETING), flat, RADII]))
    done = subprocess.run(["node", script, given], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers, wide = json.loads(done.stdout)
    pairs = [(mask, wrap) for mask in masks for wrap in MEETING]
    return list(zip(pairs, answers, strict=True)), wide


def test_the_passes_are_those_of_python(found):
    for (mask, wrap), answer in found[0]:
        shifts, holes = steps_of(mask, wrap)
        assert [shift for shift, _ in answer["steps"]] == np.array(shifts).tolist()
        for (_, hole), wanted in zip(answer["steps"], holes, strict=True):
            np.testing.assert_array_equal(np.reshape(hole, SIZE), wanted)


def test_each_pass_fills_its_hole_and_leaves_the_rest(found):
    for (mask, wrap), answer in found[0]:
        turns = np.zeros(SIZE, int)
        for turn, hole in enumerate(tuple(steps_of(mask, wrap))[1], 1):
            turns[hole] = turn
        assert answer["kept"] and answer["turns"] == turns[mask].tolist()
        assert answer["others"] == (len(answer["steps"]) == 1)


def test_masks_are_widened_as_in_python(found, masks):
    for mask, wide in zip(masks, found[1], strict=True):
        for radius, one in zip(RADII, wide, strict=True):
            np.testing.assert_array_equal(np.reshape(one, SIZE), grow(mask, radius))
