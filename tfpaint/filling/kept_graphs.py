"""Graphs that one process has traced, kept in the user's cache for the next.

A file is named by all that decides what is in it; nothing in an older one is ever used.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.framework.graph_pb2 import GraphDef

from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.user_cache import user_cache

_MOST = 16  # files, of about 2 MB
_SOURCES = ("filling", "maps", "networks", "patch_swap")


def folder() -> Path:
    """Where they are kept. See `user_cache`."""
    return user_cache() / "graphs"


def load(filler: WindowFiller, kind: Sequence[object]) -> GraphDef | None:
    """The graph by which a filler fills photos of a kind; None if there is none to be read."""
    try:
        return GraphDef.FromString((folder() / _name(filler, kind)).read_bytes())
    except Exception:  # whatever is wrong with a file, it is made again
        return None


def keep(filler: WindowFiller, kind: Sequence[object], graph: GraphDef) -> None:
    """Writes such a graph, completely or not at all. Nothing happens where there is no place.

    Nor is it written if the networks are not tfpaint's own, as nobody knows when they change.
    """
    with suppress(OSError, ValueError):
        name, place = _name(filler, kind), folder()
        place.mkdir(parents=True, exist_ok=True)
        part = place / f"{name}.{secrets.token_hex(4)}"
        try:
            part.write_bytes(graph.SerializeToString())
            os.replace(part, place / name)
        finally:
            part.unlink(missing_ok=True)
        files = sorted(place.iterdir(), key=lambda one: one.stat().st_mtime)
        for file in files[:-_MOST]:
            file.unlink(missing_ok=True)


def _name(filler: WindowFiller, kind: Sequence[object]) -> str:
    networks = [filler.encoder, filler.image2feature, *filler.feature2image.values()]
    if not all(type(one).__module__.startswith("tfpaint.networks.") for one in networks):
        raise ValueError("what these networks do depends on code that is not here")
    about = {
        "networks": [[type(one).__name__, {**one.get_config(), "name": None}] for one in networks],
        "which": [networks.index(one) for one in networks],  # a network may serve several scales
        "types": [layer.compute_dtype for one in networks for layer in one.layers],
        "weights": [[list(one.shape), one.dtype.name] for one in filler.variables],
        "options": repr(filler.options),
        "scales": list(filler.scales),
        "kind": repr(kind),
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(about, default=repr).encode()).hexdigest()


@cache
def _code() -> list[str]:
    """The versions of all that takes part in tracing; of this project, its files."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for room in _SOURCES:
        for file in sorted((package / room).glob("*.py")):
            digest.update(file.read_bytes())
    return [digest.hexdigest(), tf.__version__, keras.__version__, np.__version__]
