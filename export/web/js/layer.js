/** A full-size canvas whose changes can be undone: tiles are copied before they are drawn on. */

const TILE = 256;

export class Layer {
  #saved = new Map();

  /** @param {{alpha: boolean, colorSpace: PredefinedColorSpace}} settings of the 2D context */
  constructor(width, height, settings) {
    Object.assign(this, { width, height, settings }); // Firefox's contexts do not tell theirs
    this.canvas = new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext("2d", { ...settings, willReadFrequently: false });
    this.drawn = new Map(); // the tiles that may have something on them
  }

  /** To be called before anything is drawn in a rectangle: keeps what its tiles look like. */
  touch(left, top, right, bottom) {
    const [x0, y0] = [left, top].map((start) => Math.floor(Math.max(start, 0) / TILE) * TILE);
    for (let y = y0; y < Math.min(bottom, this.height); y += TILE) {
      for (let x = x0; x < Math.min(right, this.width); x += TILE) this.#keep(this.#tile(x, y));
    }
  }

  touchAll() {
    this.touch(0, 0, this.width, this.height);
  }

  clear() {
    for (const tile of this.drawn.values()) {
      this.#keep(tile);
      this.context.clearRect(tile.x, tile.y, tile.width, tile.height);
    }
    this.drawn.clear();
  }

  /** The tiles touched since the last call, as they were: what `swap` takes. */
  take() {
    const tiles = [...this.#saved.values()];
    this.#saved.clear();
    return tiles;
  }

  /** Exchanges the content of tiles with what is on the canvas: undo, and then redo. */
  swap(tiles) {
    const now = tiles.map((tile) => this.#copy(tile));
    for (const [i, tile] of tiles.entries()) {
      this.context.putImageData(tile.copy, tile.x, tile.y);
      tile.copy = now[i];
      this.drawn.set(tile.key, this.#tile(tile.x, tile.y)); // without the copy
    }
  }

  #tile(x, y) {
    const [width, height] = [Math.min(TILE, this.width - x), Math.min(TILE, this.height - y)];
    return { key: `${x} ${y}`, x, y, width, height };
  }

  #keep(tile) {
    this.drawn.set(tile.key, tile);
    if (!this.#saved.has(tile.key)) this.#saved.set(tile.key, { ...tile, copy: this.#copy(tile) });
  }

  // Not by drawImage: that makes the next change of the canvas copy all of it first.
  #copy({ x, y, width, height }) {
    const { colorSpace } = this.settings;
    return this.context.getImageData(x, y, width, height, { colorSpace });
  }
}
