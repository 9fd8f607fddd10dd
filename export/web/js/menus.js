/** Places each menu at its button, inside the window. */

const GAP = 8;

export function placeMenus() {
  for (const button of document.querySelectorAll("[popovertarget]")) {
    const menu = button.popoverTargetElement;
    menu.addEventListener("toggle", ({ newState }) => {
      button.setAttribute("aria-expanded", newState === "open");
      if (newState !== "open") return;
      const { left, right, top, bottom } = button.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = menu;
      const x = (left + right - width) / 2;
      const below = bottom + GAP + height < innerHeight;
      menu.style.left = `${Math.max(GAP, Math.min(innerWidth - width - GAP, x))}px`;
      menu.style.top = `${below ? bottom + GAP : top - GAP - height}px`;
    });
  }
}
