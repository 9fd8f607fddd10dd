"""Fills one compact hole of a photo with a .tflite model; needs numpy, Pillow and ai-edge-litert.

    python export/examples/litert_client.py tfpaint_256.tflite photo.jpg mask.png filled.png

White in the mask is missing. An app in Kotlin or Swift takes the same steps: cut a square window
with the hole in its centre half, shrink it to the model's side, run the model, enlarge its picture,
and copy the missing pixels only.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image


def main(model: str, photo: str, mask: str, out: str) -> None:
    """Fills the hole; the arguments are the paths of files."""
    interpreter = Interpreter(model, num_threads=2)
    interpreter.allocate_tensors()
    inputs = {int(one["shape"][-1]): one for one in interpreter.get_input_details()}
    size = int(inputs[3]["shape"][1])

    image = np.array(Image.open(photo).convert("RGB"))
    missing = np.array(Image.open(mask).convert("L")) > 127
    if missing.shape != image.shape[:2] or not missing.any():
        sys.exit(f"{mask}: has to be as large as the photo, and white where it is missing")

    rows, columns = (np.flatnonzero(missing.any(axis)) for axis in (1, 0))
    longest = 1 + int(max(rows[-1] - rows[0], columns[-1] - columns[0]))
    side = max(size, -(-longest * 16 // 7))
    pad = [(side, side), (side, side)]  # mirrored past the edges
    top = side + (rows[0] + rows[-1] + 1) // 2 - side // 2
    left = side + (columns[0] + columns[-1] + 1) // 2 - side // 2
    near = slice(top, top + side), slice(left, left + side)
    window = Image.fromarray(np.pad(image, [*pad, (0, 0)], "reflect")[near])
    hole = Image.fromarray(np.pad(missing, pad, "reflect")[near].astype(np.float32))

    shrink = [
        np.asarray(one.resize((size, size), Image.Resampling.BOX), np.float32)
        for one in (window, hole)
    ]
    interpreter.set_tensor(inputs[3]["index"], shrink[0][None])
    interpreter.set_tensor(inputs[1]["index"], (shrink[1] > 0).astype(np.float32)[None, ..., None])
    interpreter.invoke()
    filled = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    small = Image.fromarray(filled.astype(np.uint8))
    whole = np.pad(image, [*pad, (0, 0)])
    whole[near] = small.resize((side, side), Image.Resampling.BILINEAR)
    image[missing] = whole[side:-side, side:-side][missing]
    Image.fromarray(image).save(out)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
