/** Widens masks by a disc: tfpaint/pictures/tight_masks.py. */

/**
 * @param {Uint8Array} missing width x height, 1 = missing
 * @param {number} radius of the disc, in whole pixels
 * @returns {Uint8Array} 1 where a missing pixel is at most `radius` away, as the crow flies
 */
export function grow(missing, width, height, radius) {
  const grown = missing.slice();
  for (let y = 0; y < height; y++) {
    const line = missing.subarray(y * width, (y + 1) * width);
    for (let from = line.indexOf(1), to; from >= 0; from = line.indexOf(1, to)) {
      const end = line.indexOf(0, from);
      to = end < 0 ? width : end;
      for (let row = Math.max(y - radius, 0); row <= Math.min(y + radius, height - 1); row++) {
        const reach = Math.floor(Math.sqrt(radius ** 2 - (row - y) ** 2));
        const [left, right] = [Math.max(from - reach, 0), Math.min(to + reach, width)];
        grown.fill(1, row * width + left, row * width + right);
      }
    }
  }
  return grown;
}
