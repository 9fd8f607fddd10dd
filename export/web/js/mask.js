/** What is marked to be filled: painted opaque on a transparent layer. */

import { Layer } from "./layer.js";

export const TINT = "#ff2e63";

export class Mask extends Layer {
  constructor(width, height) {
    super(width, height, { alpha: true });
    Object.assign(this.context, { lineCap: "round", lineJoin: "round" });
    Object.assign(this.context, { fillStyle: TINT, strokeStyle: TINT });
  }

  /** A line with round ends between two points [x, y]; `erase` takes away instead. */
  stroke([x0, y0], [x1, y1], radius, erase) {
    const reach = radius + 2;
    this.touch(
      Math.min(x0, x1) - reach,
      Math.min(y0, y1) - reach,
      Math.max(x0, x1) + reach,
      Math.max(y0, y1) + reach,
    );
    this.#draw(erase ? "destination-out" : "source-over", (context) => {
      context.lineWidth = 2 * radius;
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    });
  }

  /** The inside of a closed line through points [x, y]. */
  polygon(points, erase) {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    this.touch(Math.min(...xs) - 2, Math.min(...ys) - 2, Math.max(...xs) + 2, Math.max(...ys) + 2);
    this.#draw(erase ? "destination-out" : "source-over", (context) => {
      context.beginPath();
      for (const point of points) context.lineTo(...point);
      context.closePath();
      context.fill();
    });
  }

  invert() {
    this.touchAll();
    this.#draw("source-out", (context) => context.fillRect(0, 0, this.width, this.height));
  }

  /** Marks what is set in a Uint8Array of width x height, and nothing else. */
  load(missing) {
    this.clear();
    this.touchAll();
    const image = this.context.createImageData(this.width, this.height);
    const colour = [1, 3, 5].map((digit) => parseInt(TINT.slice(digit, digit + 2), 16));
    for (let i = 0; i < missing.length; i++) if (missing[i]) image.data.set([...colour, 255], 4 * i);
    this.context.putImageData(image, 0, 0);
  }

  /** Uint8Array of width x height: 1 where more than half of a pixel is marked, and their count. */
  read() {
    const missing = new Uint8Array(this.width * this.height);
    let count = 0;
    for (const { x, y, width, height } of this.drawn.values()) {
      const { data } = this.context.getImageData(x, y, width, height);
      for (let row = 0, i = 3; row < height; row++) {
        for (let at = (y + row) * this.width + x, end = at + width; at < end; at++, i += 4) {
          if (data[i] > 127) {
            missing[at] = 1;
            count++;
          }
        }
      }
    }
    return { missing, count };
  }

  #draw(operation, paint) {
    this.context.globalCompositeOperation = operation;
    paint(this.context);
    this.context.globalCompositeOperation = "source-over";
  }
}
