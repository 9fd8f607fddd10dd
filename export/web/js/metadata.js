/** What a photo's file says besides its pixels: EXIF, in and out, and whether its gamut is wide. */

const ORIENTATION = 0x0112;
const THUMBNAIL = 0x0201; // its offset; the next tag is its length
const JPEG_LIMIT = 65533 - 6;

/** The EXIF data (a TIFF structure) in a JPEG, PNG or WebP file, or null. */
export function readExif(bytes) {
  const exif =
    jpegSegment(bytes, 0xe1, "Exif\0\0") ?? pngChunk(bytes, "eXIf") ?? webpChunk(bytes, "EXIF");
  const start = exif && startsWith(exif, 0, "Exif\0\0") ? 6 : 0;
  return exif?.slice(start) ?? null;
}

/** Whether the file has a colour profile other than sRGB. */
export async function isWideGamut(bytes) {
  const packed = pngChunk(bytes, "iCCP");
  const profile =
    jpegSegment(bytes, 0xe2, "ICC_PROFILE\0") ??
    webpChunk(bytes, "ICCP") ??
    (packed && (await inflate(packed.subarray(packed.indexOf(0) + 2)))); // after name and method
  if (!profile) return false;
  const text = String.fromCharCode(...profile.subarray(0, 16384)).replaceAll("\0", "");
  return !text.includes("sRGB");
}

/**
 * EXIF for the upright result: orientation 1, and without the thumbnail, which shows the photo as
 * it was. A structure that cannot be followed is not kept: null.
 */
export function cleanExif(exif) {
  const view = new DataView(exif.slice().buffer);
  try {
    const little = view.getUint16(0) === 0x4949;
    const short = (at) => view.getUint16(at, little);
    const long = (at) => view.getUint32(at, little);
    const tags = (at) => Array.from({ length: short(at) }, (_, i) => at + 2 + 12 * i);
    const first = long(4);
    for (const entry of tags(first)) {
      if (short(entry) === ORIENTATION) view.setUint16(entry + 8, 1, little);
    }
    const next = first + 2 + 12 * short(first);
    const second = long(next);
    view.setUint32(next, 0, little);
    const found = second ? Object.fromEntries(tags(second).map((e) => [short(e), long(e + 8)])) : {};
    const [offset, length] = [found[THUMBNAIL], found[THUMBNAIL + 1]];
    if (!offset) return new Uint8Array(view.buffer);
    const bytes = new Uint8Array(view.buffer);
    bytes.fill(0, offset, offset + length);
    return offset + length >= bytes.length ? bytes.slice(0, offset) : bytes;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function inflate(bytes) {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return null; // damaged
  }
}

/** A JPEG or PNG file with EXIF data put in. */
export function withExif(file, exif) {
  const jpeg = file[0] === 0xff;
  if (jpeg && exif.length > JPEG_LIMIT) return file;
  const part = jpeg ? jpegExif(exif) : pngExif(exif);
  const at = jpeg ? 2 : 33; // after SOI; after the signature and IHDR
  const result = new Uint8Array(file.length + part.length);
  result.set(file.subarray(0, at));
  result.set(part, at);
  result.set(file.subarray(at), at + part.length);
  return result;
}

function jpegExif(exif) {
  const length = exif.length + 8;
  const head = [0xff, 0xe1, length >> 8, length & 255, ...ascii("Exif\0\0")];
  const segment = new Uint8Array(head.length + exif.length);
  segment.set(head);
  segment.set(exif, head.length);
  return segment;
}

function pngExif(exif) {
  const chunk = new Uint8Array(exif.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, exif.length);
  chunk.set(ascii("eXIf"), 4);
  chunk.set(exif, 8);
  view.setUint32(8 + exif.length, crc32(chunk.subarray(4, 8 + exif.length)));
  return chunk;
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The first segment of a JPEG with this marker whose data begins so. */
function jpegSegment(bytes, marker, begin) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    const data = bytes.subarray(at + 4, at + 2 + length);
    if (bytes[at + 1] === marker && startsWith(data, 0, begin)) return data;
    at += 2 + Math.max(length, 2);
  }
  return null;
}

function pngChunk(bytes, type) {
  return startsWith(bytes, 1, "PNG") ? chunk(bytes, type, 8, 4, 0, false, 4) : null;
}

function webpChunk(bytes, type) {
  return startsWith(bytes, 8, "WEBP") ? chunk(bytes, type, 12, 0, 4, true, 0) : null;
}

/** A chunk's data; `name` and `size` are where its type and length stand, `check` what follows. */
function chunk(bytes, type, start, name, size, little, check) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + size, little);
    if (startsWith(bytes, at + name, type)) return bytes.subarray(at + 8, at + 8 + length);
    at += 8 + length + check + (little ? length % 2 : 0);
  }
  return null;
}

function startsWith(bytes, at, text) {
  return ascii(text).every((code, i) => bytes[at + i] === code);
}

function ascii(text) {
  return [...text].map((letter) => letter.charCodeAt(0));
}
