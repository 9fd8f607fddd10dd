/** An opened photo while it is edited: its pixels, the mask, and their history. */

import { History } from "./history.js";
import { Layer } from "./layer.js";
import { Mask } from "./mask.js";

export class Picture extends EventTarget {
  #history = new History();

  /**
   * @param {ImageBitmap} bitmap upright
   * @param {{name: string, type: string, exif: ?Uint8Array, colorSpace: string}} file
   */
  constructor(bitmap, file) {
    super();
    Object.assign(this, { width: bitmap.width, height: bitmap.height, file });
    const settings = { alpha: false, colorSpace: file.colorSpace };
    this.image = new Layer(this.width, this.height, settings);
    this.mask = new Mask(this.width, this.height);
    this.original = null; // a copy of the image, made before its first change
    this.saved = true;
    this.image.context.fillStyle = "#fff";
    this.image.context.fillRect(0, 0, this.width, this.height);
    // A canvas beyond the browser's means throws here, or stays empty.
    const corner = this.read({ x: this.width - 1, y: this.height - 1, width: 1, height: 1 });
    if (corner[0] !== 255) throw new RangeError("canvas too large");
    this.image.context.drawImage(bitmap, 0, 0);
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  get changed() {
    return this.original !== null;
  }

  /** RGBA bytes of a rectangle, as they are in the photo's own colour space. */
  read({ x, y, width, height }) {
    const { colorSpace } = this.file;
    return this.image.context.getImageData(x, y, width, height, { colorSpace }).data;
  }

  /** Something is being drawn on the mask. */
  touched() {
    this.#changed([this.mask]);
  }

  /** What was drawn becomes one step that can be undone. */
  commit() {
    this.#history.commit([this.image, this.mask]);
    this.#changed([this.mask]);
  }

  /** What was drawn on the mask since the last step never was. */
  revert() {
    this.mask.swap(this.mask.take());
    this.#changed([this.mask]);
  }

  undo() {
    this.#changed(this.#history.undo());
  }

  redo() {
    this.#changed(this.#history.redo());
  }

  /**
   * Writes a result into the missing pixels, and into no other, and clears the mask: one step.
   * @param {{x, y, width, height, pixels: Uint8ClampedArray}[]} patches RGBA
   * @param {Uint8Array} missing of the photo's size
   */
  fill(patches, missing) {
    this.original ??= this.#copy();
    this.saved = false;
    for (const { x, y, width, height, pixels } of patches) {
      const mixed = this.read({ x, y, width, height });
      for (let row = 0, i = 0; row < height; row++) {
        for (let at = (y + row) * this.width + x, end = at + width; at < end; at++, i += 4) {
          if (!missing[at]) continue;
          mixed[i] = pixels[i];
          mixed[i + 1] = pixels[i + 1];
          mixed[i + 2] = pixels[i + 2];
        }
      }
      this.image.touch(x, y, x + width, y + height);
      const { colorSpace } = this.file;
      this.image.context.putImageData(new ImageData(mixed, width, height, { colorSpace }), x, y);
    }
    this.mask.clear();
    this.#history.commit([this.image, this.mask]);
    this.#changed([this.image, this.mask]);
  }

  #copy() {
    const copy = new OffscreenCanvas(this.width, this.height);
    copy.getContext("2d", this.image.settings).drawImage(this.image.canvas, 0, 0);
    return copy;
  }

  #changed(layers) {
    if (layers.includes(this.image)) this.saved = false;
    this.dispatchEvent(new CustomEvent("change", { detail: layers }));
  }
}
