/** Notes that come and go, and the card that is shown while something runs. */

const NOTE_SECONDS = 6;

export class Messages {
  /**
   * @param {HTMLElement} list for the notes
   * @param {HTMLElement} card with .busy-text, .busy-seconds and a progress element
   * @param {HTMLElement} home where the focus goes from what disappears
   */
  constructor(list, card, home) {
    Object.assign(this, { list, card, home });
  }

  /** A note that goes by itself. */
  note(text) {
    this.#add(text, "status", null, NOTE_SECONDS);
  }

  /** An error stays until it is closed; `action` {label, run} is a way out. */
  error(text, action = null) {
    this.#add(text, "alert", action, 0);
  }

  clear() {
    this.list.replaceChildren();
  }

  /** Shows the card; returns what to call with (text, fraction or null) as the work goes on. */
  busy() {
    const began = performance.now();
    const [text, seconds, bar] = [".busy-text", ".busy-seconds", "progress"].map((selector) =>
      this.card.querySelector(selector),
    );
    const tick = () => {
      seconds.textContent = `${Math.floor((performance.now() - began) / 1000)} s`;
    };
    tick();
    clearInterval(this.timer);
    this.timer = setInterval(tick, 250);
    this.card.hidden = false;
    return (what, fraction = null) => {
      if (text.textContent !== what) text.textContent = what;
      if (fraction === null) bar.removeAttribute("value");
      else bar.value = fraction;
    };
  }

  idle() {
    clearInterval(this.timer);
    this.#leave(this.card);
    this.card.hidden = true;
  }

  #add(text, role, action, seconds) {
    const note = document.createElement("div");
    note.className = `note ${role}`;
    note.setAttribute("role", role);
    const words = document.createElement("p");
    words.textContent = text;
    note.append(words);
    const remove = () => {
      this.#leave(note);
      note.remove();
    };
    const close = button("Dismiss", remove);
    if (action) {
      const run = () => {
        remove();
        action.run();
      };
      note.append(button(action.label, run));
    }
    note.append(close);
    this.list.replaceChildren(note);
    if (seconds) setTimeout(remove, seconds * 1000);
  }

  #leave(element) {
    if (element.contains(document.activeElement)) this.home.focus();
  }
}

function button(label, run) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", run);
  return element;
}
