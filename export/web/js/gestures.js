/** Mouse, pen and fingers on the canvas: one draws; two, the wheel or a held space bar move it. */

// Elements that do something of their own at the space bar.
const KEYED = "button, a, input:not([type=radio], [type=range])";

export class Gestures {
  #pointers = new Map();
  #tool = null;
  #panning = false;
  #held = false;

  /**
   * @param {View} view
   * @param {(event: PointerEvent) => ?object} begin the tool for a drag, or null to pan
   */
  constructor(view, begin) {
    Object.assign(this, { view, begin });
    const { canvas } = view;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event, true));
    canvas.parentElement.addEventListener("wheel", (event) => this.#wheel(event), {
      passive: false,
    });
    addEventListener("keydown", (event) => this.#space(event, true));
    addEventListener("keyup", (event) => this.#space(event, false));
    addEventListener("blur", () => this.#hold(false));
  }

  get drawing() {
    return this.#tool !== null;
  }

  /** Drops what is being drawn. */
  cancel() {
    if (!this.#tool) return;
    this.#tool = null;
    this.view.preview = null;
    this.view.picture.revert();
  }

  #down(event) {
    if (!this.view.picture || event.button > 1) return;
    this.view.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pointers.size > 1) {
      this.cancel();
      this.#panning = true;
      return;
    }
    this.#tool = event.button === 1 || this.#held ? null : this.begin(event);
    this.#panning = this.#tool === null;
    if (this.#tool) {
      this.#tool.begin(this.view.place(event));
      this.view.preview = this.#tool.preview?.bind(this.#tool) ?? null;
      this.view.draw();
    }
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    if (this.#tool) {
      this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#tool.move(this.view.place(each));
      this.view.draw();
    } else if (this.#panning) {
      this.#pinch(event);
    }
  }

  #pinch(event) {
    const before = this.#span();
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = this.#span();
    this.view.pan(after.x - before.x, after.y - before.y);
    if (before.length > 0 && after.length > 0) {
      const box = this.view.canvas.getBoundingClientRect();
      this.view.zoom(after.length / before.length, [after.x - box.left, after.y - box.top]);
    }
  }

  /** The middle of the first two pointers and how far apart they are. */
  #span() {
    const [a, b = a] = this.#pointers.values();
    const length = Math.hypot(a[0] - b[0], a[1] - b[1]);
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, length };
  }

  #up(event, cancelled = false) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#tool && cancelled) this.cancel();
    if (this.#tool) {
      this.#tool.end();
      this.#tool = null;
      this.view.preview = null;
      this.view.picture.commit();
    }
    if (this.#pointers.size === 0) this.#panning = false;
  }

  #wheel(event) {
    event.preventDefault();
    if (!this.view.picture) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.shiftKey) {
      this.view.pan(-lines * (event.deltaX || event.deltaY), 0);
      return;
    }
    const box = this.view.canvas.getBoundingClientRect();
    const speed = event.ctrlKey ? 0.01 : 0.002; // a pinch on a trackpad comes as ctrl + wheel
    const factor = Math.exp(-lines * Math.max(-300, Math.min(300, event.deltaY)) * speed);
    this.view.zoom(factor, [event.clientX - box.left, event.clientY - box.top]);
  }

  #space(event, down) {
    if (event.code !== "Space" || (down && event.target.matches?.(KEYED))) return;
    if (down) event.preventDefault();
    this.#hold(down);
  }

  #hold(held) {
    this.#held = held;
    this.view.canvas.classList.toggle("panning", held);
  }
}
