"""What a format calls transparency or a profile, and another does not."""

import numpy as np
import pytest
from PIL import Image

from tests.test_images import SRGB, H, W, chunk, noise, write_16_bit
from tfpaint.pictures.files import Photo, read_photo, write_photo


@pytest.mark.parametrize("channels, key", [(1, b"\1\7"), (3, b"\1\7\2\0\0\3")])
def test_a_transparent_colour_of_16_bits_is_transparency(tmp_path, channels, key):
    samples = noise(channels, np.uint16)
    samples[3:9, 4:20] = np.frombuffer(key, ">u2")
    write_16_bit(tmp_path / "in.png", samples)
    whole = (tmp_path / "in.png").read_bytes()
    data = whole.index(b"IDAT") - 4
    (tmp_path / "in.png").write_bytes(whole[:data] + chunk(b"tRNS", key) + whole[data:])
    photo = read_photo(tmp_path / "in.png")
    assert np.array_equal(photo.opaque().samples, samples.reshape(H, W, channels))
    missing = np.zeros((H, W), bool)
    missing[3:9, 4:20] = True
    assert np.array_equal(photo.alpha, np.where(missing, 0, 65535))


def test_webp_takes_no_profile_of_greys(tmp_path):
    write_photo(tmp_path / "grey.webp", Photo(tmp_path, noise(1)[..., None], icc=SRGB))
    assert "icc_profile" not in Image.open(tmp_path / "grey.webp").info
