/** What a drag over the photo does: brush, eraser, rectangle, lasso. Points are [x, y] in pixels. */

import { TINT } from "./mask.js";

class Stroke {
  constructor(picture, radius, erase) {
    Object.assign(this, { picture, radius, erase });
  }

  begin(point) {
    this.last = point;
    this.move(point);
  }

  move(point) {
    this.picture.mask.stroke(this.last, point, this.radius, this.erase);
    this.last = point;
    this.picture.touched();
  }

  end() {}
}

class Outline {
  constructor(picture, erase) {
    Object.assign(this, { picture, erase });
  }

  begin(point) {
    this.points = [point];
  }

  end() {
    if (this.points.length > 2) this.picture.mask.polygon(this.points, this.erase);
  }

  /** Draws the outline; `pixel` is a pixel of the screen in those of the photo. */
  preview(context, pixel) {
    context.beginPath();
    for (const point of this.points) context.lineTo(...point);
    context.closePath();
    context.globalAlpha = 0.25;
    context.fillStyle = TINT;
    context.fill();
    context.globalAlpha = 1;
    for (const [width, colour] of [[3, "#0008"], [1.5, "#fff"]]) {
      context.lineWidth = width * pixel;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
}

class Lasso extends Outline {
  move(point) {
    this.points.push(point);
  }
}

class Rectangle extends Outline {
  move([x, y]) {
    const [[left, top]] = this.points;
    this.points = [[left, top], [x, top], [x, y], [left, y]];
  }

  end() {
    // Whole pixels: no soft edges.
    this.points = this.points.map((point) => point.map(Math.round));
    super.end();
  }
}

/**
 * @param {string} name of the tool
 * @param {number} radius of the brush in pixels of the photo
 * @param {boolean} subtract take away from the mask instead of adding to it
 */
export function makeTool(name, picture, radius, subtract) {
  switch (name) {
    case "rectangle":
      return new Rectangle(picture, subtract);
    case "lasso":
      return new Lasso(picture, subtract);
    default:
      return new Stroke(picture, radius, subtract || name === "eraser");
  }
}
