/** Fills on the server that the page came from, by TensorFlow Serving's REST form. */

import { findBoxes, windowAround } from "../holes.js";
import { visible } from "../windows.js";
import { EngineError } from "./errors.js";

export const MODEL = "v1/models/tfpaint";
const SCALES = [512, 1024, 2048]; // the server's own are among them, or smaller

/**
 * @param {object} job
 * @param {number} job.width
 * @param {number} job.height
 * @param {Uint8Array} job.missing 1 where the photo is to be filled
 * @param {({x, y, width, height}) => Uint8ClampedArray} job.read RGBA of a rectangle
 * @param {AbortSignal} job.signal
 * @param {(text: string, fraction: ?number) => void} job.progress
 * @returns {Promise<{patches: {x, y, width, height, pixels}[], others: ?Function}>} RGBA, to be
 *   read where missing; and `others(seed, signal, progress)` for the patches of another answer to
 *   the same job, seed from 1, if the engine knows any
 * @throws {EngineError}
 */
export async function inpaint(job) {
  const { width, height, missing, signal, progress } = job;
  const kept = surroundings(missing, width, height);
  const [image, mask] = await Promise.all([
    encode(width, height, kept, job.read),
    encode(width, height, kept, (place) => greyRows(missing, width, place)),
  ]);
  signal.throwIfAborted();
  const row = { image_bytes: { b64: image }, mask_bytes: { b64: mask } };
  const png = await predict("bytes", row, signal, progress);
  progress("Unpacking");
  const [patches, known] = await Promise.all([decode(png, kept), hasVariants(signal)]);
  const others = async (seed, ...way) => decode(await variant({ ...row, seed }, ...way), kept);
  return { patches, others: known ? others : null };
}

/** The file, in base64, that a signature answers to one row. */
async function predict(signature_name, row, signal, progress) {
  const body = JSON.stringify({ signature_name, instances: [row] });
  const [prediction] = (await post(body, signal, progress)).predictions;
  return prediction.b64 ?? prediction.image_bytes.b64;
}

async function variant(row, signal, progress) {
  try {
    return await predict("variants", row, signal, progress);
  } catch (error) {
    if (!/Serving signature (name|key).*not found/.test(error.message)) throw error;
    throw new EngineError("The server's model knows no other answers. A new export of it does.");
  }
}

/** Whether the model has the signature for other answers: older ones do not. */
async function hasVariants(signal) {
  try {
    const answer = await fetch(`${MODEL}/metadata`, { signal });
    return "variants" in (await answer.json()).metadata.signature_def.signature_def;
  } catch {
    return false;
  }
}

/**
 * What of the photo is sent: the windows that the server will look at, or a little more. The rest
 * of the picture is blank, but its size is the photo's, so that the server tells the holes apart
 * and lays the windows just as with the whole photo: the same result, at a fraction of the bytes.
 */
export function surroundings(missing, width, height) {
  return findBoxes(missing, width, height, SCALES).map((box) =>
    visible(windowAround(box, width, height, SCALES), width, height),
  );
}

/** A PNG of the photo's size, in base64, with the kept rectangles on black. */
async function encode(width, height, kept, read) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false });
  for (const place of kept) {
    const pixels = new ImageData(read(place), place.width, place.height);
    context.putImageData(pixels, place.x, place.y);
  }
  return toBase64(await canvas.convertToBlob({ type: "image/png" }));
}

function greyRows(missing, stride, { x, y, width, height }) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let row = 0, i = 0; row < height; row++) {
    for (let at = (y + row) * stride + x, end = at + width; at < end; at++, i += 4) {
      pixels.fill(missing[at] ? 255 : 0, i, i + 3);
      pixels[i + 3] = 255;
    }
  }
  return pixels;
}

async function decode(base64, kept) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), options);
  const patches = kept.map(({ x, y, width, height }) => {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, -x, -y);
    return { x, y, width, height, pixels: context.getImageData(0, 0, width, height).data };
  });
  bitmap.close();
  return patches;
}

function toBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** XMLHttpRequest rather than fetch, for the progress of the upload. */
function post(body, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${MODEL}:predict`);
    request.setRequestHeader("Content-Type", "application/json");
    request.upload.onprogress = ({ loaded, total }) => progress("Uploading", loaded / total);
    request.upload.onload = () => progress("Filling");
    request.onprogress = ({ loaded, total }) => progress("Receiving", total ? loaded / total : null);
    request.onload = () => {
      if (request.status !== 200) {
        return reject(refusal(request.status, request.responseText));
      }
      try {
        resolve(JSON.parse(request.responseText));
      } catch {
        reject(refusal(404)); // somebody else's page
      }
    };
    request.onerror = () =>
      reject(new EngineError("The server does not answer. Nothing of your work is lost.", true));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

function refusal(status, text = "") {
  let said = "";
  try {
    said = String(JSON.parse(text).error ?? "");
  } catch {
    // a proxy's page, not the server's own word
  }
  const because = said && `: ${said.replace(/[.\s]*$/, "")}`;
  switch (status) {
    case 400:
      return new EngineError(`The server cannot fill this${because || ""}.`);
    case 401:
    case 403:
      return new EngineError("The server wants a sign-in that this page does not have.");
    case 404:
    case 405:
    case 501:
      return new EngineError("There is no tfpaint model behind this page.");
    case 408:
    case 504:
      return new EngineError("The server took too long. A smaller hole is quicker.", true);
    case 413:
      return new EngineError(`The picture is too large for the server${because}.`);
    case 429:
      return new EngineError("The server is busy with other pictures. Try again in a moment.", true);
    case 502:
    case 503:
      return new EngineError("The server is not ready. Try again in a moment.", true);
    default:
      return new EngineError(`The server failed (${status})${because}.`, true);
  }
}
