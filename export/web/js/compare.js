/** The slider between the photo as it was opened and as it is now. */

const THUMB = 44; // width in CSS pixels, as in the style sheet

export class Compare {
  /**
   * @param {HTMLElement} panel with a range input, hidden while not comparing
   * @param {View} view
   */
  constructor(panel, view) {
    Object.assign(this, { panel, view, range: panel.querySelector("input") });
    this.range.addEventListener("input", () => this.#place());
    new ResizeObserver(() => this.#place()).observe(panel);
  }

  get active() {
    return !this.panel.hidden;
  }

  set active(active) {
    this.panel.hidden = !active;
    if (active) this.#place();
    else this.view.split = null;
    this.view.draw();
  }

  #place() {
    if (!this.active) return;
    const share = this.range.value / this.range.max;
    this.view.split = THUMB / 2 + share * (this.panel.clientWidth - THUMB);
    this.panel.style.setProperty("--split", `${this.view.split}px`);
    this.view.draw();
  }
}
