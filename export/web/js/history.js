/** Undo and redo over layers, within a bound of memory. */

const MOST_BYTES = 384 * 2 ** 20;

export class History {
  #past = [];
  #future = [];

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Makes one step of all that was drawn on the layers since the last. */
  commit(layers) {
    const changes = layers.map((layer) => ({ layer, tiles: layer.take() }));
    const step = changes.filter(({ tiles }) => tiles.length > 0);
    if (step.length === 0) return;
    this.#past.push(step);
    this.#future = [];
    while (this.#past.length > 1 && this.#bytes() > MOST_BYTES) this.#past.shift();
  }

  /** @returns {Layer[]} the layers that changed */
  undo() {
    return this.#move(this.#past, this.#future);
  }

  redo() {
    return this.#move(this.#future, this.#past);
  }

  #move(from, to) {
    const step = from.pop();
    if (!step) return [];
    for (const { layer, tiles } of step) layer.swap(tiles);
    to.push(step);
    return step.map(({ layer }) => layer);
  }

  #bytes() {
    const tiles = this.#past.flat().flatMap((change) => change.tiles);
    return tiles.reduce((sum, { width, height }) => sum + 4 * width * height, 0);
  }
}
