/** The page: puts photo, tools, engine and messages together. */

import { Compare } from "./compare.js";
import { Cursor } from "./cursor.js";
import { EngineSwitch } from "./engine_switch.js";
import { EngineError } from "./engines/errors.js";
import { Gestures } from "./gestures.js";
import { listenForGrowth } from "./growth.js";
import { listenForFiles } from "./intake.js";
import { placeMenus } from "./menus.js";
import { Messages } from "./messages.js";
import { openPhoto, readMask, UserError } from "./open.js";
import { Others } from "./others.js";
import { canCopy, copyPicture, savePicture } from "./save.js";
import { describe, listen } from "./shortcuts.js";
import { makeTool } from "./tools.js";
import { View } from "./view.js";
import { inpaintWrapped } from "./wrap.js";

const STEP = 48; // CSS pixels that an arrow key moves the photo

const $ = (selector) => document.querySelector(selector);
const assets = await (await fetch("assets.json")).json();

const view = new View($("#canvas"));
const messages = new Messages($("#notes"), $("#busy"), $("#canvas"));
const compare = new Compare($("#compare"), view);
const cursor = new Cursor($("#cursor"), $("#size"), view, () => tool());
const engines = new EngineSwitch($("#engines"), $("#engine-label"), assets);
const others = new Others($("#others"), $("#canvas"));
const gestures = new Gestures(view, (event) => {
  if (running || compare.active || tool() === "hand") return null;
  return makeTool(tool(), view.picture, cursor.radius / view.scale, event.altKey);
});
let running = null; // the AbortController of what runs
let opened = 0; // counts the photos, of which the last one is meant

function tool() {
  return $("[name=tool]:checked").value;
}

function choose(name) {
  compare.active = false;
  $(`[name=tool][value=${name}]`).checked = true;
  refresh();
}

/** Does something with files, and says what is wrong with them. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) return fail(error);
    messages.error(error.message);
  }
}

const unsaved = () => view.picture && !view.picture.saved;
const leaves = () => confirm("Leave the photo without downloading it?");

async function open(file) {
  const asked = unsaved();
  if (asked && !leaves()) return;
  const turn = ++opened;
  await attempt(async () => {
    const { picture, transparent } = await openPhoto(file);
    if (turn !== opened || (!asked && unsaved() && !leaves())) return;
    running?.abort();
    messages.clear();
    compare.active = false;
    others.withdraw();
    $("[name=wrap][value=none]").checked = true;
    picture.addEventListener("change", () => {
      others.withdraw();
      refresh();
    });
    view.show(picture);
    document.body.dataset.state = "open";
    refresh();
    $("#canvas").focus();
    if (transparent) messages.note("What is transparent has been marked.");
  });
}

async function openMask(file) {
  const { picture } = view;
  const missing = await readMask(file, picture);
  if (running) throw new UserError("Wait until the hole is filled, then open the mask again.");
  picture.mask.load(missing);
  picture.commit();
}

async function run() {
  const { picture } = view;
  if (running || gestures.drawing) return;
  const { missing, count } = picture.mask.read();
  if (count === 0) return messages.note("Paint over what should go first.");
  if (count === missing.length) {
    return messages.error("Everything is marked. Leave something to fill from.");
  }
  compare.active = false;
  await work(run, async (signal, progress) => {
    const inpaint = await engines.engine();
    const { width, height } = picture;
    const read = (place) => picture.read(place);
    const job = { width, height, missing, read, signal, progress, assets };
    const answer = await inpaintWrapped(inpaint, job, $("[name=wrap]:checked").value);
    signal.throwIfAborted();
    const first = !picture.changed;
    picture.fill(answer.patches, missing);
    if (answer.others) others.offer(picture, missing, answer.patches, answer.others);
    messages.note(first ? "Done. Compare shows before and after." : "Done.");
  });
}

async function askOthers() {
  let first;
  await work(askOthers, async (...way) => {
    first = await others.more(...way);
  });
  if (others.offered && others.asked) others.show(first);
}

/** Does what takes a while and can be cancelled, and says what is wrong; `again` does it anew. */
async function work(again, task) {
  messages.clear();
  running = new AbortController();
  const { signal } = running;
  refresh();
  const progress = messages.busy();
  progress("Preparing");
  try {
    await task(signal, progress);
  } catch (error) {
    if (!signal.aborted) fail(error, again);
  } finally {
    running = null;
    messages.idle();
    refresh();
  }
}

function fail(error, again) {
  const known = error instanceof EngineError;
  if (!known) console.error(error);
  const text = known ? error.message : `That went wrong: ${error.message}`;
  messages.error(text, known ? wayOut(error, again) : null);
}

function wayOut(error, again) {
  if (error.retry) return { label: "Try again", run: again };
  if (again !== run || !engines.available || !engines.server.checked) return null;
  const here = () => {
    engines.useBrowser();
    run();
  };
  return { label: "Fill on this device", run: here };
}

const actions = {
  open: () => $("#photo-file").click(),
  openMask: () => $("#mask-file").click(),
  undo: () => view.picture.undo(),
  redo: () => view.picture.redo(),
  thinner: () => cursor.resize(1 / 1.2),
  thicker: () => cursor.resize(1.2),
  invert: () => edit((mask) => mask.invert()),
  clear: () => edit((mask) => mask.clear()),
  run,
  others: () => (others.asked ? others.show() : askOthers()),
  moreOthers: askOthers,
  escape: () => {
    if (running) running.abort();
    else if (gestures.drawing) gestures.cancel();
    else others.open = false;
  },
  compare: () => {
    compare.active = !compare.active;
    refresh();
  },
  zoomIn: () => view.zoom(1.4),
  zoomOut: () => view.zoom(1 / 1.4),
  fit: () => view.fit(),
  actual: () => view.zoom(1 / devicePixelRatio / view.scale),
  left: () => view.pan(STEP, 0),
  right: () => view.pan(-STEP, 0),
  up: () => view.pan(0, STEP),
  down: () => view.pan(0, -STEP),
  help: () => $("#help").showModal(),
  download: () => save(view.picture.file.type === "image/jpeg" ? "image/jpeg" : "image/png"),
  saveJpeg: () => save("image/jpeg"),
  savePng: () => save("image/png"),
  copy: () =>
    attempt(async () => {
      await copyPicture(view.picture);
      messages.note("Copied.");
    }),
  sample: () =>
    attempt(async () => {
      const blob = await (await fetch(assets.sample)).blob();
      open(new File([blob], assets.sample.split("/").at(-1), { type: blob.type }));
    }),
};
for (const name of ["brush", "eraser", "rectangle", "lasso", "hand"]) {
  actions[name] = () => choose(name);
}

function edit(change) {
  compare.active = false;
  change(view.picture.mask);
  view.picture.commit();
}

function save(type) {
  return attempt(async () => {
    await savePicture(view.picture, type);
    refresh();
  });
}

// What may be done without a photo, and while something runs.
const ALWAYS = new Set(["open", "sample", "help"]);
const MOVING = ["zoomIn", "zoomOut", "fit", "actual", "left", "right", "up", "down"];
const MEANWHILE = new Set([...ALWAYS, ...MOVING, "escape"]);

function allowed(action) {
  const { picture } = view;
  if (gestures.drawing) return action === "escape";
  if (running ? !MEANWHILE.has(action) : !picture && !ALWAYS.has(action)) return false;
  if (action === "others" || action === "moreOthers") return others.offered;
  if (action === "copy") return canCopy;
  if (action === "undo") return picture.canUndo;
  if (action === "redo") return picture.canRedo;
  if (action === "compare") return picture.changed;
  return true;
}

function act(action) {
  if (allowed(action)) actions[action]();
}

function refresh() {
  const focused = document.activeElement;
  for (const element of document.querySelectorAll("[data-action]")) {
    element.disabled = !allowed(element.dataset.action);
  }
  for (const field of document.querySelectorAll("fieldset.editing")) {
    field.disabled = !view.picture || running !== null;
  }
  $("#save").disabled = $("#mask-button").disabled = !view.picture || running !== null;
  $("[data-action=compare]").setAttribute("aria-pressed", compare.active);
  $("#stage").dataset.tool = compare.active || running ? "hand" : tool();
  others.update(running !== null);
  cursor.update();
  if (focused.matches(":disabled")) $("#canvas").focus(); // not back to the top of the page
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-action]");
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  act(button.dataset.action);
});
$("#tools").addEventListener("change", () => choose(tool()));
view.addEventListener("draw", () => {
  $("#zoom").textContent = `${Math.round(view.scale * devicePixelRatio * 100)} %`;
});
addEventListener("beforeunload", (event) => {
  if (view.picture && !view.picture.saved) event.preventDefault();
});
listenForFiles($("#photo-file"), $("#mask-file"), {
  photo: open,
  mask: (file) => attempt(() => openMask(file)),
  none: (why) => messages.error(why),
});
listenForGrowth($("#mask-menu"), $("#growth"), $("#growth-shown"), () => view.picture);
$("#copy").hidden = !canCopy;
listen(act);
placeMenus();
describe($("#shortcuts"));
$("#sample").hidden = !assets.sample;
refresh();
document.body.dataset.state = "empty";
await engines.choose();
