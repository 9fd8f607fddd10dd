/** The brush: its size on the screen, and the ring that shows it. */

const SHOWN_FOR = 700; // milliseconds, in the middle, when the size changes

export class Cursor {
  #timer = 0;

  /**
   * @param {HTMLElement} ring
   * @param {HTMLInputElement} slider
   * @param {View} view
   * @param {() => string} tool the chosen one
   */
  constructor(ring, slider, view, tool) {
    Object.assign(this, { ring, slider, view, tool });
    slider.addEventListener("input", () => this.#showInTheMiddle());
    view.canvas.addEventListener("pointermove", (event) => this.#follow(event));
    view.canvas.addEventListener("pointerleave", () => this.#hide());
  }

  /** In CSS pixels, whatever the zoom: zooming in makes the brush finer. */
  get radius() {
    return this.slider.valueAsNumber / 2;
  }

  resize(factor) {
    const size = this.slider.valueAsNumber;
    this.slider.valueAsNumber = factor > 1 ? Math.ceil(size * factor) : Math.floor(size * factor);
    this.#showInTheMiddle();
  }

  update() {
    const paints = ["brush", "eraser"].includes(this.tool());
    this.slider.disabled = !paints;
    this.ring.style.setProperty("--size", `${2 * this.radius}px`);
    if (!paints) this.#hide();
  }

  #follow(event) {
    const paints = ["brush", "eraser"].includes(this.view.canvas.parentElement.dataset.tool);
    if (!paints || event.pointerType === "touch") return this.#hide();
    clearTimeout(this.#timer);
    const box = this.view.canvas.getBoundingClientRect();
    this.#show(event.clientX - box.left, event.clientY - box.top);
  }

  #showInTheMiddle() {
    const { clientWidth, clientHeight } = this.view.canvas;
    this.update();
    this.#show(clientWidth / 2, clientHeight / 2);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), SHOWN_FOR);
  }

  #show(x, y) {
    this.ring.hidden = !this.view.picture;
    this.ring.style.translate = `${x}px ${y}px`;
  }

  #hide() {
    this.ring.hidden = true;
  }
}
