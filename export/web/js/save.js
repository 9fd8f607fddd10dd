/** The result as a file, of full size and with the photo's EXIF; or on the clipboard. */

import { withExif } from "./metadata.js";
import { UserError } from "./open.js";

const QUALITY = 0.95;

/** Downloads the picture as "image/jpeg" or "image/png" (in which known pixels are exact). */
export async function savePicture(picture, type) {
  picture.saved = true; // unless it changes while the file is made
  const blob = await encode(picture, type);
  const { name, exif } = picture.file;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const file = new Blob([exif ? withExif(bytes, exif) : bytes], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  const stem = name.replace(/\.[^.]*$/, "") || "photo";
  link.download = `${stem}-filled.${type === "image/jpeg" ? "jpg" : "png"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const canCopy = Boolean(globalThis.ClipboardItem && navigator.clipboard?.write);

/** Puts the picture on the clipboard, as PNG: browsers take no other kind. */
export async function copyPicture(picture) {
  const type = "image/png";
  // A promise, not a blob: Safari has forgotten the click by the time that a blob is made.
  const item = new ClipboardItem({ [type]: picture.image.canvas.convertToBlob({ type }) });
  try {
    await navigator.clipboard.write([item]);
  } catch {
    throw new UserError("The browser did not let the picture be copied. Download it instead.");
  }
}

async function encode(picture, type) {
  try {
    return await picture.image.canvas.convertToBlob({ type, quality: QUALITY });
  } catch (error) {
    picture.saved = false;
    throw error;
  }
}
