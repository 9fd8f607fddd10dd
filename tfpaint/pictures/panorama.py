"""Tells a 360-degree panorama by its XMP: https://developers.google.com/streetview/spherical-metadata"""

import re


def is_full_circle(xmp: bytes) -> bool:
    """Whether an XMP packet says that the left and right edges of its picture meet.

    So it is with an equirectangular panorama that is not cropped in width.
    """
    if _value(xmp, "ProjectionType").lower() != b"equirectangular":
        return False
    width, whole = (
        _value(xmp, name) for name in ("CroppedAreaImageWidthPixels", "FullPanoWidthPixels")
    )
    return not (width and whole) or width == whole


def _value(xmp: bytes, name: str) -> bytes:
    """What a property in Google's namespace has for an attribute or an element."""
    pattern = rf'GPano:{name}(?:\s*=\s*["\']|\s*>)\s*([^"\'<\s]*)'
    found = re.search(pattern.encode(), xmp)
    return found[1] if found else b""
