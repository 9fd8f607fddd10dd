/** The result as a file: full size, with the photo's EXIF. */

import { withExif } from "./metadata.js";

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

async function encode(picture, type) {
  try {
    return await picture.image.canvas.convertToBlob({ type, quality: QUALITY });
  } catch (error) {
    picture.saved = false;
    throw error;
  }
}
