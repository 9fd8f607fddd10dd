/** Halved copies of a large canvas, so that it is drawn small quickly and without aliasing. */

export class Pyramid {
  #levels = [];

  /**
   * @param {OffscreenCanvas} source
   * @param {object} settings of its 2D context
   */
  constructor(source, settings, levels = 3) {
    Object.assign(this, { source, settings, count: levels });
  }

  /** The source has changed. */
  invalidate() {
    this.#levels = [];
  }

  /** Draws the whole picture at its own size, under a transform that scales by `scale`. */
  draw(context, scale) {
    const level = Math.min(this.count, Math.max(0, Math.floor(-Math.log2(scale) + 0.01)));
    context.drawImage(this.#level(level), 0, 0, this.source.width, this.source.height);
  }

  #level(level) {
    if (level === 0) return this.source;
    if (!this.#levels[level]) {
      const larger = this.#level(level - 1);
      const [width, height] = [larger.width, larger.height].map((side) => Math.ceil(side / 2));
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext("2d", this.settings).drawImage(larger, 0, 0, width, height);
      this.#levels[level] = canvas;
    }
    return this.#levels[level];
  }
}
