/** The slider that widens the mask. */

import { grow } from "./grow.js";

/**
 * What the slider says is counted from the mask as it was when the menu was opened.
 * @param {HTMLElement} menu a popover with the slider
 * @param {HTMLInputElement} slider
 * @param {HTMLOutputElement} shown its value
 * @param {() => Picture} picture
 */
export function listenForGrowth(menu, slider, shown, picture) {
  let before = null; // the mask, once it is needed
  const show = () => (shown.textContent = slider.value);
  menu.addEventListener("toggle", () => {
    before = null;
    slider.value = 0;
    show();
  });
  slider.addEventListener("input", show);
  slider.addEventListener("change", () => {
    const { mask, width, height } = picture();
    before ??= mask.read().missing;
    if (!before.includes(1)) return;
    mask.load(grow(before, width, height, slider.valueAsNumber));
    picture().commit();
  });
}
