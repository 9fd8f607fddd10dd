"""Photos with holes to test exported models on: those that come with scikit-image."""

import numpy as np

from tfpaint.errors import InputError

NAMES = (
    *("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry"),
    *("hubble_deep_field", "retina", "camera", "coins", "moon", "page", "text", "clock"),
    *("brick", "grass", "gravel", "cell", "microaneurysms", "motorcycle", "motorcycle_right"),
)


def load(count: int, first: int = 0) -> dict[str, np.ndarray]:
    """Photos as uint8 (H, W, 3), by name.

    Args:
        count: How many of `NAMES`.
        first: The index in `NAMES` of the first.

    Raises:
        InputError: scikit-image is not installed.
    """
    try:
        from skimage import color, data, util
    except ImportError as error:
        raise InputError("photos are needed: pip install scikit-image") from error
    photos = {}
    for name in NAMES[first : first + count]:
        if name.startswith("motorcycle"):
            photo = data.stereo_motorcycle()[name.endswith("right")]
        else:
            photo = getattr(data, name)()
        photo = util.img_as_ubyte(photo)
        photos[name] = np.ascontiguousarray(color.gray2rgb(photo) if photo.ndim == 2 else photo)
    return photos


def window(photo: np.ndarray, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A square from the middle of a photo, with a random hole in its centre half.

    A photo that is too small is continued by mirroring.

    Args:
        photo: uint8 (H, W, 3), at least half as large as the window.
        side: Side of the window in pixels.
        seed: Of the hole.

    Returns:
        uint8 (side, side, 3) and bool (side, side), True = missing.
    """
    margins = [max(side - length + 1, 0) // 2 for length in photo.shape[:2]]
    photo = np.pad(photo, [*((margin, margin) for margin in margins), (0, 0)], "reflect")
    y, x = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    mask = np.zeros((side, side), bool)
    quarter = side // 4
    inner = hole(2 * quarter, 2 * quarter, np.random.default_rng(seed), least=side // 8)
    mask[quarter : 3 * quarter, quarter : 3 * quarter] = inner
    return photo[y : y + side, x : x + side], mask


def hole(height: int, width: int, generator: np.random.Generator, least: int = 8) -> np.ndarray:
    """A random rectangle.

    Args:
        height, width: Of the photo in pixels.
        generator: Random numbers.
        least: The shortest side of the rectangle. The longest is 7/8 of the photo's side, but no
            more than 200 pixels.

    Returns:
        bool (height, width), True = missing.
    """
    mask = np.zeros((height, width), bool)
    sides = [int(generator.integers(least, min(side * 7 // 8, 200) + 1)) for side in mask.shape]
    top, left = (
        int(generator.integers(0, full - part + 1))
        for full, part in zip(mask.shape, sides, strict=True)
    )
    mask[top : top + sides[0], left : left + sides[1]] = True
    return mask
