/** Cuts a window out of a photo, shrunk to the side of a network, and writes results back. */

/** Folds an index into [0, length) as if the line were continued by its mirror images. */
function mirror(index, length) {
  const last = Math.max(length - 1, 1);
  const place = ((index % (2 * last)) + 2 * last) % (2 * last);
  return Math.min(last - Math.abs(place - last), length - 1);
}

/** The rectangle of the photo that a window can see: it is mirrored at the photo's edges. */
export function visible({ x, y, side }, width, height) {
  const across = span(x, side, width);
  const down = span(y, side, height);
  return { x: across.from, y: down.from, width: across.length, height: down.length };
}

/** What is seen of a line: what the window covers, and as much again as is mirrored into it. */
function span(start, side, length) {
  const end = start + side;
  const from = Math.max(0, Math.min(start, 2 * length - 1 - end));
  return { from, length: Math.min(length, Math.max(end, 1 - start)) - from };
}

/** For each of `size` cells along a side: the lines of the photo in it and their shares. */
function cells(start, side, size, length) {
  return Array.from({ length: size }, (_, cell) => {
    const lines = [];
    for (let line = Math.floor((cell * side) / size); line * size < (cell + 1) * side; line++) {
      const from = Math.max(line * size, cell * side);
      const share = (Math.min((line + 1) * size, (cell + 1) * side) - from) / side;
      lines.push([mirror(start + line, length), share]);
    }
    return lines;
  });
}

/**
 * @param {{pixels: Uint8ClampedArray, missing: Uint8Array, place: {x, y, width, height}}} seen RGBA
 *   and 1 = missing in a rectangle that holds all that is visible in the window
 * @param {{x, y, side}} window
 * @param {number} size side of the result, at most the window's
 * @returns {{image: Float32Array, mask: Float32Array}} size x size x 3 in [0, 255], means of the
 *   known pixels, 0 where there is none; size x size, 1 where a pixel is missing
 */
export function cut({ pixels, missing, place }, window, size, width, height) {
  const rows = cells(window.y, window.side, size, height);
  const columns = cells(window.x, window.side, size, width);
  const image = new Float32Array(3 * size * size);
  const known = new Float32Array(size * size);
  const lost = new Float32Array(size * size);
  for (let row = 0, cell = 0; row < size; row++) {
    for (let column = 0; column < size; column++, cell++) {
      let [red, green, blue] = [0, 0, 0];
      for (const [y, down] of rows[row]) {
        for (const [x, across] of columns[column]) {
          const at = (y - place.y) * place.width + x - place.x;
          const share = down * across;
          if (missing[at]) {
            lost[cell] += share;
            continue;
          }
          known[cell] += share;
          red += share * pixels[4 * at];
          green += share * pixels[4 * at + 1];
          blue += share * pixels[4 * at + 2];
        }
      }
      if (known[cell] > 0) {
        image.set([red, green, blue].map((sum) => sum / known[cell]), 3 * cell);
      }
    }
  }
  return { image, mask: missingCells(known, lost) };
}

/** A cell is missing if any of its pixels is; if that leaves next to nothing, only if all are. */
function missingCells(known, lost) {
  const strict = lost.map((share) => Number(share > 0));
  const lenient = known.map((share) => Number(share <= 0));
  const left = (mask) => mask.reduce((sum, value) => sum + 1 - value, 0);
  return 4 * left(strict) >= left(lenient) ? strict : lenient;
}

/**
 * The part of a window's result that lies in a box, at the photo's resolution.
 * @param {Float32Array} result size x size x 3 in [0, 255]
 * @returns {{x, y, width, height, pixels: Uint8ClampedArray}} RGBA
 */
export function enlarge(result, size, window, { top, left, bottom, right }) {
  const [width, height] = [right - left, bottom - top];
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  const taps = (place) => {
    const at = ((place + 0.5) * size) / window.side - 0.5;
    const low = Math.floor(at);
    const clip = (index) => Math.min(Math.max(index, 0), size - 1);
    return [clip(low), clip(low + 1), at - low];
  };
  const columns = Array.from({ length: width }, (_, i) => taps(left + i - window.x));
  for (let row = 0, i = 0; row < height; row++) {
    const [above, below, down] = taps(top + row - window.y);
    for (const [before, after, across] of columns) {
      for (let channel = 0; channel < 3; channel++) {
        const at = (y, x) => result[3 * (y * size + x) + channel];
        const upper = at(above, before) * (1 - across) + at(above, after) * across;
        const lower = at(below, before) * (1 - across) + at(below, after) * across;
        pixels[i++] = upper * (1 - down) + lower * down;
      }
      i++;
    }
  }
  return { x: left, y: top, width, height, pixels };
}
