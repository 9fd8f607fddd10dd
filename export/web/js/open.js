/** Photos and masks from files: chosen, dropped or pasted. */

import { cleanExif, isWideGamut, readExif } from "./metadata.js";
import { Picture } from "./picture.js";

const SMALLEST = 16;

/** Something the user can put right; the message says how. */
export class UserError extends Error {}

/**
 * @param {File} file
 * @returns {Promise<{picture: Picture, transparent: boolean}>} transparent: what was see-through
 *   is marked on the mask
 */
export async function openPhoto(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return decode(file, (bitmap) => place(file, bytes, bitmap));
}

async function place(file, bytes, bitmap) {
  const { width, height } = bitmap;
  if (Math.min(width, height) < SMALLEST) {
    throw new UserError(`${file.name} is ${width} × ${height} pixels. It needs ${SMALLEST} a side.`);
  }
  const exif = readExif(bytes);
  const colorSpace = (await isWideGamut(bytes)) && supportsP3() ? "display-p3" : "srgb";
  let picture;
  try {
    picture = new Picture(bitmap, {
      name: file.name,
      type: file.type,
      exif: exif && cleanExif(exif),
      colorSpace,
    });
  } catch {
    const size = Math.round((width * height) / 1e6);
    throw new UserError(`${file.name} has ${size} megapixels, more than this browser can edit.`);
  }
  const opaque = file.type === "image/jpeg";
  const holes = opaque ? null : select(bitmap, (data, i) => data[i + 3] < 128);
  if (holes?.includes(1)) {
    picture.mask.load(holes);
    picture.mask.take(); // it was opened so: not a step to undo
  }
  return { picture, transparent: Boolean(holes?.includes(1)) };
}

/** What is white, or of a bright colour, in a mask's file of the photo's proportions. */
export async function readMask(file, picture) {
  return decode(file, (bitmap) => white(bitmap, picture));
}

function white(bitmap, { width, height }) {
  const skew = (bitmap.width * height) / (bitmap.height * width);
  if (Math.abs(skew - 1) > 0.01) {
    throw new UserError(
      `The mask is ${bitmap.width} × ${bitmap.height} pixels, but the photo ${width} × ${height}. ` +
        "They have to be of one size.",
    );
  }
  const light = (data, i) =>
    Math.floor((Math.max(data[i], data[i + 1], data[i + 2]) * data[i + 3]) / 255) > 127;
  const missing = select(bitmap, light, width, height);
  if (!missing.includes(1)) throw new UserError("The mask has nothing white, so it marks nothing.");
  return missing;
}

/** What `work` makes of the file's bitmap, which is closed whatever happens. */
async function decode(file, work) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new UserError(
      `${file.name || "This"} is not a picture that this browser can read. ` +
        "JPEG, PNG, WebP and AVIF will do.",
    );
  }
  try {
    return await work(bitmap);
  } finally {
    bitmap.close();
  }
}

/** Uint8Array of a picture's size (or another): 1 where `test(data, i)` holds. */
function select(bitmap, test, width = bitmap.width, height = bitmap.height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const selected = new Uint8Array(width * height);
  for (let i = 0; i < selected.length; i++) selected[i] = Number(test(data, 4 * i));
  return selected;
}

function supportsP3() {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { colorSpace: "display-p3" });
  return context.getContextAttributes?.().colorSpace === "display-p3";
}
