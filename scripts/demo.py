"""Takes the model rocket out of a portrait, and shows hole, coarse fill and result side by side.

Everything goes to out/; the picture to look at is out/demo.png.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw
from skimage import data

from tfpaint.cli import main

OUT = Path("out")
ROCKET = [  # x, y
    *((392, 0), (443, 0), (462, 45), (470, 130), (474, 268), (474, 292)),
    *((364, 292), (364, 270), (350, 240), (350, 195), (374, 110), (376, 45)),
]

OUT.mkdir(exist_ok=True)
photo = Image.fromarray(data.astronaut())
photo.save(OUT / "photo.png")
mask = Image.new("L", photo.size)
ImageDraw.Draw(mask).polygon(ROCKET, fill=255)
mask.save(OUT / "mask.png")

command = "inpaint out/photo.png --mask out/mask.png -o out/inpainted.png --save-steps out/demo.png"
print(f"tfpaint {command}", flush=True)
failed = main(command.split())
if not failed:
    print("Done: look at out/demo.png")
sys.exit(failed)
