/** From a mask to the pieces and windows in which it is filled: tfpaint/holes.py, step by step. */

const GRID = 64; // separate holes are told apart on a grid of at most this many cells a side
const WIDEST = 512; // a scratch needs no wider surroundings

const largestBox = (size) => Math.floor((size * 7) / 16);
const longest = ({ top, left, bottom, right }) => Math.max(bottom - top, right - left);

/**
 * Boxes {top, left, bottom, right} that together hold all missing pixels, the smallest first.
 * @param {Uint8Array} missing width x height, 1 = missing
 * @param {number[]} scales sides of the windows, ascending
 */
export function findBoxes(missing, width, height, scales) {
  const cell = Math.ceil(Math.max(width, height) / GRID);
  const cells = occupiedCells(missing, width, height, cell);
  const limit = largestBox(Math.min(scales.at(-1), WIDEST));
  const pieceOf = new Map(); // cell -> the name of its piece
  connected(cells).forEach((hole, number) => {
    const long = longest(union(hole));
    const area = hole.reduce((sum, one) => sum + one.area, 0);
    const thin = long > limit && 4 * area < long * long;
    const wanted = Math.max(Math.floor(limit / 2), Math.floor((3 * area) / long));
    const side = thin ? Math.max(Math.floor(wanted / cell), 1) : Infinity;
    for (const one of hole) {
      const place = [one.row, one.column].map((index) => Math.floor(index / side));
      pieceOf.set(one, `${number} ${place}`);
    }
  });
  const pieces = grouped(cells, (one) => pieceOf.get(one)).map(union);
  const reach = Math.max(Math.floor(largestBox(scales[0]) / 2), 1);
  const block = ({ top, left }) => `${Math.floor(top / reach)} ${Math.floor(left / reach)}`;
  const key = (piece) => (longest(piece) <= reach ? block(piece) : piece);
  return grouped(pieces, key)
    .map(union)
    .sort((a, b) => longest(a) - longest(b));
}

/** The square window {x, y, side} around a box; it may hang over the photo's edges. */
export function windowAround(box, width, height, scales) {
  const long = longest(box);
  const shorter = Math.min(width, height);
  const least = Math.min(Math.ceil((long * 16) / 7), Math.max(2 * long, shorter));
  let side = least;
  for (const scale of scales.toReversed()) {
    const shrunk = 4 * least <= 5 * scale && shorter < 2 * scale;
    if (least <= scale) side = scale;
    else if (shrunk) side = least;
  }
  const middle = (a, b) => Math.floor((a + b) / 2) - Math.floor(side / 2);
  return { x: middle(box.left, box.right), y: middle(box.top, box.bottom), side };
}

/** The grid cells with missing pixels, row by row, each with a tight box and its area. */
function occupiedCells(missing, width, height, cell) {
  const columns = Math.ceil(width / cell);
  const cells = [];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!missing[at]) continue;
      const [row, column] = [Math.floor(y / cell), Math.floor(x / cell)];
      const found = cells[row * columns + column];
      if (found) {
        found.area++;
        found.bottom = y + 1;
        found.left = Math.min(found.left, x);
        found.right = Math.max(found.right, x + 1);
      } else {
        const box = { top: y, left: x, bottom: y + 1, right: x + 1 };
        cells[row * columns + column] = { row, column, area: 1, ...box };
      }
    }
  }
  return cells.filter(Boolean);
}

/** The cells of each hole: those that touch, also by a corner. */
function connected(cells) {
  const left = new Map(cells.map((one) => [`${one.row} ${one.column}`, one]));
  const holes = [];
  for (const start of cells) {
    if (!left.delete(`${start.row} ${start.column}`)) continue;
    const hole = [start];
    for (const { row, column } of hole) {
      for (let i = 0; i < 9; i++) {
        const key = `${row + Math.floor(i / 3) - 1} ${column + (i % 3) - 1}`;
        if (!left.has(key)) continue;
        hole.push(left.get(key));
        left.delete(key);
      }
    }
    holes.push(hole);
  }
  return holes;
}

/** Items with the same key, in the order in which the keys first appear. */
function grouped(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(item);
  }
  return [...groups.values()];
}

function union(boxes) {
  return {
    top: Math.min(...boxes.map((box) => box.top)),
    left: Math.min(...boxes.map((box) => box.left)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
    right: Math.max(...boxes.map((box) => box.right)),
  };
}
