"""--wrap, and the panoramas for which it is recommended."""

import pytest

from tests import test_cli
from tests.test_cli import folder, loads
from tfpaint.pictures.panorama import is_full_circle

GPANO = b'<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '


@pytest.mark.parametrize(
    "xmp, whole",
    [
        (GPANO + b'GPano:ProjectionType="equirectangular"/>', True),
        (GPANO + b"><GPano:ProjectionType>equirectangular</GPano:ProjectionType>", True),
        (GPANO + b'GPano:ProjectionType="cylindrical"/>', False),
        (
            GPANO + b'GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="900"'
            b' GPano:CroppedAreaImageWidthPixels="500"/>',
            False,
        ),
        (b"", False),
    ],
)
def test_panoramas_are_told_by_their_xmp(xmp, whole):
    assert is_full_circle(xmp) == whole


def test_the_command_line(folder, capsys, caplog, monkeypatch):
    asked = []

    class Wrapping(test_cli.MeanColour):
        def __call__(self, *arguments, wrap, **more):
            asked.append(wrap)
            return super().__call__(*arguments, **more)

    test_cli.install(monkeypatch, Wrapping())
    with test_cli.Image.open("photo.png") as image:
        image.save("photo.jpg", xmp=GPANO + b'GPano:ProjectionType="equirectangular"/>')
    pair = ["photo.jpg", "--mask", "mask.png", "-o", "out.png"]
    assert test_cli.tfpaint(capsys, *pair) == (0, []) and caplog.text == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert test_cli.tfpaint(capsys, *pair)[0] == 0
    said = "photo.jpg: looks like a 360-degree panorama; --wrap x joins its sides"
    assert caplog.text.count(said) == 1
    assert test_cli.tfpaint(capsys, *pair, "--wrap", "x")[0] == 0
    assert caplog.text.count(said) == 1 and asked == [None, None, "x"]
