/** What is seen of a picture: zoom, pan, and drawing at the next frame. */

import { Pyramid } from "./pyramid.js";

const MARGIN = 24;
const MOST = 32; // CSS pixels for one of the photo
const SHARP = 3; // from this zoom on pixels are shown as squares

export class View extends EventTarget {
  #frame = 0;
  #fitted = true;

  /** @param {HTMLCanvasElement} canvas fills its parent */
  constructor(canvas) {
    super();
    const wide = matchMedia("(color-gamut: p3)").matches;
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { colorSpace: wide ? "display-p3" : "srgb" });
    Object.assign(this, { picture: null, scale: 1, x: 0, y: 0 });
    this.preview = null; // (context, pixel) draws what a tool is about to do
    this.split = null; // to the left of this many CSS pixels the original is shown
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement);
  }

  show(picture) {
    this.picture = picture;
    this.image = new Pyramid(picture.image.canvas, picture.image.settings);
    this.before = null;
    this.split = null;
    picture.addEventListener("change", ({ detail }) => {
      if (detail.includes(picture.image)) this.image.invalidate();
      this.draw();
    });
    this.fit();
  }

  /** The place [x, y] in the photo under a pointer. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left - this.x) / this.scale,
      (event.clientY - box.top - this.y) / this.scale,
    ];
  }

  fit() {
    if (!this.picture) return;
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const margin = Math.min(MARGIN, clientWidth / 30);
    this.scale = Math.min(
      Math.max(clientWidth - 2 * margin, 32) / this.picture.width,
      Math.max(clientHeight - 2 * margin, 32) / this.picture.height,
      2,
    );
    this.x = (clientWidth - this.picture.width * this.scale) / 2;
    this.y = (clientHeight - this.picture.height * this.scale) / 2;
    this.#fitted = true;
    this.draw();
  }

  /** Zooms by a factor around a point in CSS pixels of the canvas, its middle by default. */
  zoom(factor, centre) {
    const { clientWidth, clientHeight } = this.canvas;
    const [x, y] = centre ?? [clientWidth / 2, clientHeight / 2];
    const least = Math.min(1, 64 / Math.max(this.picture.width, this.picture.height));
    const scale = Math.min(MOST, Math.max(least, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.pan(0, 0);
  }

  /** Moves the photo, of which a part always stays in view. */
  pan(dx, dy) {
    const keep = 48;
    const { clientWidth, clientHeight } = this.canvas;
    const [width, height] = [this.picture.width * this.scale, this.picture.height * this.scale];
    this.x = Math.min(clientWidth - keep, Math.max(keep - width, this.x + dx));
    this.y = Math.min(clientHeight - keep, Math.max(keep - height, this.y + dy));
    this.#fitted = false;
    this.draw();
  }

  /** Draws everything anew at the next frame. */
  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
      this.dispatchEvent(new Event("draw"));
    });
  }

  #draw() {
    const { context, picture, canvas } = this;
    const ratio = canvas.width / canvas.clientWidth;
    const scale = ratio * this.scale;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!picture) return;
    context.setTransform(scale, 0, 0, scale, ratio * this.x, ratio * this.y);
    context.imageSmoothingEnabled = scale < SHARP;
    this.image.draw(context, scale);
    if (this.split === null) {
      context.globalAlpha = 0.55;
      context.drawImage(picture.mask.canvas, 0, 0);
      context.globalAlpha = 1;
      this.preview?.(context, 1 / this.scale);
    } else {
      this.before ??= new Pyramid(picture.original, picture.image.settings);
      context.save();
      context.beginPath();
      const right = (this.split - this.x) / this.scale;
      context.rect(0, 0, Math.max(0, Math.min(right, picture.width)), picture.height);
      context.clip();
      this.before.draw(context, scale);
      context.restore();
    }
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (this.#fitted) this.fit();
    else this.draw();
  }
}
