/** Fills inside the browser, one window after the other, in a worker. Nothing is sent. */

import { findBoxes, windowAround } from "../holes.js";
import { visible } from "../windows.js";
import { EngineError } from "./errors.js";

let worker = null; // kept from one photo to the next, with the model in it

/** As engines/server.js has it. */
export async function inpaint({ width, height, missing, read, signal, progress, assets }) {
  signal.throwIfAborted();
  const stop = () => {
    worker?.terminate();
    worker = null;
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    await start(signal, progress);
    const { scales } = assets.model;
    const boxes = findBoxes(missing, width, height, scales);
    const left = missing.slice();
    const patches = [];
    for (const [index, box] of boxes.entries()) {
      const window = windowAround(box, width, height, scales);
      const place = visible(window, width, height);
      const seen = { place, pixels: read(place), missing: crop(left, width, place) };
      for (const patch of patches) overlay(seen, patch, missing, left, width);
      const size = scales.findLast((scale) => scale <= window.side);
      const job = { seen, window, box, width, height, size, label: label(index, boxes.length) };
      const { patch } = await ask(job, signal, progress);
      for (const earlier of patches) overlay({ ...patch, place: patch }, earlier, missing, left, width);
      patches.push(patch);
      fill(left, width, box);
    }
    return { patches, others: null };
  } catch (error) {
    stop(); // what has failed once, such as a lost GPU, does not come back
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function label(index, count) {
  return count > 1 ? [`Filling ${index + 1} of ${count}`, index / count] : ["Filling"];
}

async function start(signal, progress) {
  progress("Loading the model");
  if (!worker) {
    worker = new Worker(new URL("worker.js", import.meta.url));
    const backend = new URLSearchParams(location.search).get("backend");
    worker.ready = ask({ backend }, signal, progress);
  }
  return worker.ready;
}

/** One message to the worker, and its answer; progress on the way. */
function ask(message, signal, progress) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }) => {
      if (data.error) reject(new EngineError(data.error, true));
      else if (data.progress) progress(...data.progress);
      else resolve(data);
    };
    worker.onerror = (event) =>
      reject(new EngineError(`The model cannot be run here: ${event.message}`));
    worker.postMessage(message);
  });
}

function crop(missing, stride, { x, y, width, height }) {
  const part = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const at = (y + row) * stride + x;
    part.set(missing.subarray(at, at + width), row * width);
  }
  return part;
}

/** Puts what an earlier window has filled into the pixels of a place: what is no longer left. */
function overlay({ place, pixels }, patch, missing, left, stride) {
  const top = Math.max(place.y, patch.y);
  const bottom = Math.min(place.y + place.height, patch.y + patch.height);
  const from = Math.max(place.x, patch.x);
  const to = Math.min(place.x + place.width, patch.x + patch.width);
  for (let y = top; y < bottom; y++) {
    for (let x = from; x < to; x++) {
      if (!missing[y * stride + x] || left[y * stride + x]) continue;
      const source = 4 * ((y - patch.y) * patch.width + x - patch.x);
      const target = 4 * ((y - place.y) * place.width + x - place.x);
      pixels.set(patch.pixels.subarray(source, source + 4), target);
    }
  }
}

function fill(left, stride, { top, left: from, bottom, right }) {
  for (let y = top; y < bottom; y++) left.fill(0, y * stride + from, y * stride + right);
}
