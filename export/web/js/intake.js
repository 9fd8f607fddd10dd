/** Files chosen in a dialog, dropped on the page, or pasted. */

const DROPPED = "That is a link or a text, not a file. Save the picture first, then open the file.";
const PASTED = "There is no picture in the clipboard.";

/**
 * @param {HTMLInputElement} photoInput
 * @param {HTMLInputElement} maskInput
 * @param {{photo: (file: File) => void, mask: (file: File) => void, none: (why: string) => void}} take
 */
export function listenForFiles(photoInput, maskInput, take) {
  for (const [input, give] of [[photoInput, take.photo], [maskInput, take.mask]]) {
    input.addEventListener("change", () => {
      if (input.files[0]) give(input.files[0]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  let depth = 0; // dragenter and dragleave come for every element on the way
  const mark = (change) => {
    depth = change === 0 ? 0 : depth + change;
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(0);
    give(event.dataTransfer, DROPPED);
  });
  addEventListener("paste", ({ clipboardData }) => give(clipboardData, PASTED));

  function give(data, otherwise) {
    if (data.files[0]) take.photo(data.files[0]);
    else if (data.types.length > 0) take.none(otherwise);
  }
}
