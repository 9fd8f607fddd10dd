/** Other answers to the last fill: a strip of pictures of the hole to choose from. */

const AT_ONCE = 3;
const THUMB = 216; // longer side of a picture in the strip: twice its CSS pixels

export class Others {
  #offer = null;

  /**
   * @param {HTMLElement} panel with a button, and a .strip with an .answers
   * @param {HTMLElement} home where the focus goes if the panel disappears
   */
  constructor(panel, home) {
    Object.assign(this, { panel, home, strip: panel.querySelector(".strip") });
    this.button = panel.querySelector("[data-action=others]");
    this.list = panel.querySelector(".answers");
  }

  get offered() {
    return this.#offer !== null;
  }

  get open() {
    return !this.strip.hidden;
  }

  set open(open) {
    const held = this.panel.contains(document.activeElement);
    this.strip.hidden = !open;
    this.button.hidden = open;
    if (held && !open) (this.offered ? this.button : this.home).focus();
  }

  /** Nothing is shown while something runs. */
  update(running) {
    this.panel.hidden = running || !this.offered;
  }

  /**
   * @param {Picture} picture just filled
   * @param {Uint8Array} missing what was filled
   * @param {object[]} patches the present answer, as of `Picture.fill`
   * @param {(seed: number, signal, progress) => Promise<object[]>} ask for another one
   */
  offer(picture, missing, patches, ask) {
    this.#offer = { picture, missing, ask, answers: [patches], chosen: 0 };
    this.#offer.place = surroundings(missing, picture.width, picture.height);
    this.list.replaceChildren(this.#thumb(0));
  }

  /** The picture has changed: there are no other answers to what it was. */
  withdraw() {
    if (this.#offer?.choosing) return;
    this.open = false;
    this.#offer = null;
    this.list.replaceChildren();
  }

  get asked() {
    return this.#offer.answers.length > 1;
  }

  /** Asks for the next answers, and keeps each as it comes; returns the place of the first. */
  async more(signal, progress) {
    const { answers, ask } = this.#offer;
    const first = answers.length;
    for (let number = 1; number <= AT_ONCE; number++) {
      const say = (what, fraction) => progress(`${what} ${number} of ${AT_ONCE}`, fraction);
      const patches = await ask(answers.length, signal, say);
      signal.throwIfAborted();
      answers.push(patches);
      this.list.append(this.#thumb(answers.length - 1));
    }
    return first;
  }

  /** Opens the strip, with the focus on an answer. */
  show(index = this.#offer.chosen) {
    this.open = true;
    const thumb = this.list.children[index];
    thumb.focus();
    thumb.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #choose(index) {
    const { picture, missing, answers, chosen } = this.#offer;
    if (index === chosen) return;
    this.#offer.choosing = true;
    picture.fill(answers[index], missing);
    this.#offer.choosing = false;
    this.#offer.chosen = index;
    for (const [i, thumb] of [...this.list.children].entries()) {
      thumb.setAttribute("aria-pressed", i === index);
    }
  }

  #thumb(index) {
    const { picture, missing, answers, chosen, place } = this.#offer;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", index === chosen);
    button.setAttribute("aria-label", `Answer ${index + 1}`);
    button.append(draw(picture, missing, answers[index], place));
    button.addEventListener("click", () => this.#choose(index));
    return button;
  }
}

/** A square around the hole, as far as the photo goes. */
function surroundings(missing, width, height) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!missing[at]) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  }
  const side = Math.max(Math.ceil(1.6 * Math.max(right - left, bottom - top)), 32);
  const [x, w] = span((left + right - side) >> 1, side, width);
  const [y, h] = span((top + bottom - side) >> 1, side, height);
  return { x, y, width: w, height: h };
}

/** Where a stretch of a line begins and how long it is, moved or shortened to lie inside. */
function span(start, side, length) {
  const size = Math.min(side, length);
  return [Math.min(Math.max(start, 0), length - size), size];
}

/** A small picture of a place of the photo with the hole as `patches` fill it. */
function draw(picture, missing, patches, place) {
  const scale = THUMB / Math.max(place.width, place.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(place.width * scale), 1);
  canvas.height = Math.max(Math.round(place.height * scale), 1);
  const { colorSpace } = picture.file;
  const context = canvas.getContext("2d", { alpha: false, colorSpace });
  context.imageSmoothingQuality = "high";
  context.scale(canvas.width / place.width, canvas.height / place.height);
  context.translate(-place.x, -place.y);
  context.drawImage(picture.image.canvas, 0, 0);
  for (const patch of patches) {
    const { x, y, width, height } = patch;
    const layer = new OffscreenCanvas(width, height);
    const data = new ImageData(patch.pixels.slice(), width, height, { colorSpace });
    for (let row = 0, i = 3; row < height; row++) {
      for (let at = (y + row) * picture.width + x, end = at + width; at < end; at++, i += 4) {
        data.data[i] = missing[at] ? 255 : 0;
      }
    }
    layer.getContext("2d", { colorSpace }).putImageData(data, 0, 0);
    context.drawImage(layer, x, y);
  }
  return canvas;
}
