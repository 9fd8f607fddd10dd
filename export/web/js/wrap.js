/** Photos whose opposite edges meet are rolled until no hole is there: tfpaint/filling/wrap.py. */

const REACH = 48; // pixels: how far from a seam the hole is filled again
const MEETING = { none: [false, false], x: [false, true], y: [true, false], both: [true, true] };

const modulo = (index, length) => ((index % length) + length) % length;

/**
 * Fills a photo whose edges meet, by any engine.
 * @param {(job) => Promise<{patches, others}>} inpaint as engines/server.js has it
 * @param {object} job for it
 * @param {string} wrap which edges meet: "none", "x", "y" or "both"
 */
export async function inpaintWrapped(inpaint, job, wrap) {
  if (wrap === "none") return inpaint(job);
  const steps = passes(job.missing, job.width, job.height, wrap);
  const patches = [];
  let others = null;
  for (const { shift, hole } of steps) {
    const turned = new Turned(job, patches.slice(), shift, hole);
    const answer = await inpaint({ ...job, ...turned.job });
    if (answer.others && steps.length === 1) {
      others = async (...way) => turned.back(await answer.others(...way));
    }
    patches.push(...turned.back(answer.patches));
  }
  return { patches, others };
}

/** The photo of a job, with earlier patches in it, rolled down and to the right. */
class Turned {
  constructor(job, patches, shift, hole) {
    Object.assign(this, { photo: job, patches, shift, hole, size: [job.height, job.width] });
  }

  /** What differs from the job of the photo as it is. */
  get job() {
    const [height, width] = this.size;
    const missing = new Uint8Array(this.hole.length);
    for (const { from, to } of this.#pieces({ x: 0, y: 0, width, height })) {
      for (let row = 0; row < from.height; row++) {
        const at = (from.y + row) * width + from.x;
        missing.set(this.hole.subarray(at, at + from.width), (to.y + row) * width + to.x);
      }
    }
    return { missing, read: (place) => this.#read(place) };
  }

  /** Patches of the rolled photo as patches of the photo, which change nothing but the hole. */
  back(patches) {
    const found = [];
    for (const patch of patches) {
      for (const { from, to } of this.#pieces(patch)) {
        const pixels = this.#now(from);
        for (let row = 0, i = 0; row < from.height; row++) {
          for (let column = 0; column < from.width; column++, i += 4) {
            if (!this.hole[(from.y + row) * this.size[1] + from.x + column]) continue;
            const source = 4 * ((to.y + row) * patch.width + to.x + column);
            pixels.set(patch.pixels.subarray(source, source + 4), i);
          }
        }
        found.push({ ...from, pixels });
      }
    }
    return found;
  }

  #read(place) {
    const pixels = new Uint8ClampedArray(4 * place.width * place.height);
    for (const { from, to } of this.#pieces(place)) {
      const part = { ...to, width: from.width, height: from.height, pixels: this.#now(from) };
      paste(part, { ...place, x: 0, y: 0 }, pixels);
    }
    return pixels;
  }

  /** RGBA of a rectangle of the photo, with the earlier patches. */
  #now(place) {
    const pixels = this.photo.read(place);
    for (const patch of this.patches) paste(patch, place, pixels);
    return pixels;
  }

  /** A rectangle of the rolled photo in pieces: each in the photo, and its corner in the rectangle. */
  #pieces({ x, y, width, height }) {
    const rows = stretches(y - this.shift[0], height, this.size[0]);
    const columns = stretches(x - this.shift[1], width, this.size[1]);
    return rows.flatMap((row) =>
      columns.map((column) => ({
        from: { x: column.start, y: row.start, width: column.length, height: row.length },
        to: { x: column.offset, y: row.offset },
      })),
    );
  }
}

/** A stretch of a line that is a loop, in pieces that do not go over its end. */
function stretches(start, count, length) {
  const found = [];
  for (let offset = 0; offset < count; offset += found.at(-1).length) {
    const from = modulo(start + offset, length);
    found.push({ start: from, offset, length: Math.min(count - offset, length - from) });
  }
  return found;
}

/** Copies RGBA of one rectangle into those of another, where they overlap. */
function paste(patch, place, pixels) {
  const left = Math.max(patch.x, place.x);
  const right = Math.min(patch.x + patch.width, place.x + place.width);
  const bottom = Math.min(patch.y + patch.height, place.y + place.height);
  if (left >= right) return;
  for (let y = Math.max(patch.y, place.y); y < bottom; y++) {
    const source = 4 * ((y - patch.y) * patch.width + left - patch.x);
    const row = patch.pixels.subarray(source, source + 4 * (right - left));
    pixels.set(row, 4 * ((y - place.y) * place.width + left - place.x));
  }
}

/**
 * What to fill, one after the other: {shift: [down, right], hole: Uint8Array}, the hole not rolled.
 * @param {Uint8Array} missing width x height, 1 = missing, at least one pixel
 */
export function passes(missing, width, height, wrap) {
  const lengths = [height, width];
  const counts = [new Int32Array(height), new Int32Array(width)];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      counts[0][y] += missing[at];
      counts[1][x] += missing[at];
    }
  }
  const cuts = counts.map((count, axis) => cut(count, MEETING[wrap][axis]));
  const found = [];
  for (const again of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    if (again.some((second, axis) => second && !cuts[axis].seam)) continue;
    const near = (axis, index) => !again[axis] || cuts[axis].near(index);
    const hole = missing.map((value, at) =>
      value && near(0, Math.floor(at / width)) && near(1, at % width) ? 1 : 0,
    );
    const shift = cuts.map(({ line }, axis) => again[axis] * (lengths[axis] >> 1) - line);
    if (hole.includes(1)) found.push({ shift, hole });
  }
  return found;
}

/** Where to cut a loop: in the middle of the widest gap between lines with missing pixels. */
function cut(counts, meets) {
  const length = counts.length;
  const reach = Math.min(Math.max(length >> 3, 1), REACH);
  const taken = [...counts.keys()].filter((line) => counts[line] > 0);
  const gaps = taken.map((line, i) => (taken[i + 1] ?? taken[0] + length) - line - 1);
  const widest = gaps.reduce((one, other) => Math.max(one, other));
  const cost = counts.map((count, line) => count + counts[modulo(line - 1, length)]);
  const cheapest = cost.indexOf(cost.reduce((one, other) => Math.min(one, other)));
  const middle = (taken[gaps.indexOf(widest)] + 1 + (widest >> 1)) % length;
  const line = meets ? (widest > 1 ? middle : cheapest) : 0;
  const near = (index) => modulo(index - line + reach, length) < 2 * reach;
  return { line, seam: meets && widest < reach, near };
}
