/** The keyboard: which key does what. The list in the help dialog is made from this one. */

// [keys, action, what it does, if the help is to list it]; "mod" is Ctrl, or Command on a Mac.
export const SHORTCUTS = [
  [["mod+o"], "open", "Open a photo"],
  [["mod+v"], null, "Paste a photo"],
  [["mod+s"], "download", "Download"],
  [["mod+c"], "copy", "Copy the picture"],
  [["mod+z"], "undo", "Undo"],
  [["mod+shift+z", "mod+y"], "redo", "Redo"],
  [["b"], "brush", "Brush"],
  [["e"], "eraser", "Eraser"],
  [["r"], "rectangle", "Rectangle"],
  [["l"], "lasso", "Lasso"],
  [["h"], "hand", "Move"],
  [["alt"], null, "Hold: take away"],
  [["space"], null, "Hold: move the photo"],
  [["["], "thinner", "Smaller brush"],
  [["]"], "thicker", "Larger brush"],
  [["i"], "invert", "Invert the mask"],
  [["delete", "backspace"], "clear", "Clear the mask"],
  [["enter"], "run", "Remove what is marked"],
  [["o"], "others", "Other answers"],
  [["escape"], "escape", "Cancel"],
  [["c"], "compare", "Before and after"],
  [["arrowleft"], "left", null],
  [["arrowright"], "right", null],
  [["arrowup"], "up", null],
  [["arrowdown"], "down", null],
  [["+", "="], "zoomIn", "Zoom in"],
  [["-"], "zoomOut", "Zoom out"],
  [["0"], "fit", "Fit to the window"],
  [["1"], "actual", "Actual size"],
  [["?", "؟"], "help", "These shortcuts"],
];

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const ACTIONS = new Map(SHORTCUTS.flatMap(([keys, action]) => keys.map((key) => [key, action])));
const TYPING = "textarea, input:not([type=radio], [type=range])";
const PRESSED = "button, a";
const WRITING = /^[\p{L}\p{M}\p{Nd}]+$/u;
const LATIN = /[\p{Script=Latin}0-9]/u; // also the names of keys, such as Enter
const BRACKETS = ["[", "]"];

/** Calls `act(action)` for the keys pressed, except where they mean something to a control. */
export function listen(act) {
  addEventListener("keydown", (event) => {
    const key = keyOf(event);
    const mod = MAC ? event.metaKey : event.ctrlKey;
    // Many keyboards have brackets on Option, or on AltGr, which may come with Ctrl: no modifiers here.
    const alt = event.altKey || event.getModifierState?.("AltGraph");
    const bracket = alt && BRACKETS.includes(key);
    if (!bracket && (event.altKey || (event.ctrlKey || event.metaKey) !== mod)) return;
    const name = mod && !bracket ? `mod+${event.shiftKey ? "shift+" : ""}${key}` : key;
    const action = ACTIONS.get(name);
    const target = event.target instanceof Element ? event.target : document.body;
    if (!action || target.matches(TYPING) || (key === "enter" && target.matches(PRESSED))) return;
    if (key.startsWith("arrow") && target.matches("input")) return;
    if (document.querySelector("dialog[open]")) return;
    if (action === "copy" && !getSelection().isCollapsed) return; // copies the selected text
    if (key === "escape" && document.querySelector(":popover-open")) return; // closes it
    event.preventDefault();
    act(action);
  });
}

/** What a key types, in lower case; of letters that are not Latin, what an English one has there. */
function keyOf({ key, code }) {
  const places = { BracketLeft: "[", BracketRight: "]" };
  const foreign = WRITING.test(key) && !LATIN.test(key);
  const place = places[code] ?? /^(?:Key|Digit)(.)$/.exec(code)?.[1];
  return (foreign && place ? place : key).toLowerCase();
}

/** Fills a description list with the shortcuts. */
export function describe(list) {
  const names = { mod: MAC ? "⌘" : "Ctrl", alt: MAC ? "⌥" : "Alt", shift: "Shift" };
  for (const [[first], , meaning] of SHORTCUTS) {
    if (!meaning) continue;
    const keys = document.createElement("dt");
    for (const key of first === "+" ? ["+"] : first.split("+")) {
      const cap = document.createElement("kbd");
      cap.textContent = names[key] ?? key.replace(/^./, (letter) => letter.toUpperCase());
      keys.append(cap);
    }
    const text = document.createElement("dd");
    text.textContent = meaning;
    const row = document.createElement("div");
    row.append(keys, text);
    list.append(row);
  }
}
