/** The choice of where photos are filled: on the server, or in this browser. */

import { inpaint as onServer, MODEL } from "./engines/server.js";

const KEY = "tfpaint-engine";

export class EngineSwitch {
  /**
   * @param {HTMLElement} menu with radio inputs named "engine" and their notes
   * @param {HTMLElement} label shows the choice
   * @param {object} assets what was built into the page: {model: {bytes, scales}}, or {}
   */
  constructor(menu, label, assets) {
    Object.assign(this, { menu, label });
    this.server = menu.querySelector("[value=server]");
    this.browser = menu.querySelector("[value=browser]");
    const note = menu.querySelector("#browser-note");
    if (assets.model) {
      const megabytes = Math.round(assets.model.bytes / 1e6);
      note.textContent = `Photos never leave this page. ${megabytes} MB are loaded once.`;
      this.browser.disabled = false;
    } else {
      note.textContent = "Not available: this page was set up without the model for browsers.";
    }
    menu.addEventListener("change", () => store(this.#chosen()));
    if (stored() === "browser" && this.available) this.browser.checked = true;
    this.#chosen();
  }

  /** Without a choice of the user's: this device, if there is no server behind the page. */
  async choose() {
    if (stored() || !this.available) return;
    const answer = await fetch(MODEL).catch(() => null);
    if (!answer?.ok && !stored()) this.useBrowser();
  }

  get available() {
    return !this.browser.disabled;
  }

  useBrowser() {
    this.browser.checked = true;
    this.#chosen();
  }

  /** The chosen engine's `inpaint(job)`; see engines/server.js. */
  async engine() {
    if (this.server.checked) return onServer;
    return (await import("./engines/browser.js")).inpaint;
  }

  #chosen() {
    const { value } = this.menu.querySelector(":checked");
    this.label.textContent = value === "server" ? "On the server" : "On this device";
    this.label.closest("button").dataset.engine = value;
    return value;
  }
}

// Where cookies are blocked, there is no storage either.
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // chosen for this visit only
  }
}
