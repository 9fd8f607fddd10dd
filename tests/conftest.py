"""What the tests share: a quiet TensorFlow, seeds, and the photos that lie beside a checkout."""

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tfpaint.user_cache import user_cache

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _cache_of_their_own() -> tempfile.TemporaryDirectory:
    """A cache for graphs that tests trace, with the weights that are in the user's."""
    cache = tempfile.TemporaryDirectory()
    users = user_cache() / "efficientnet_lite0.npz"
    os.environ["XDG_CACHE_HOME"] = cache.name
    user_cache().mkdir()
    if users.exists():
        (user_cache() / users.name).symlink_to(users)
    return cache


_cache = _cache_of_their_own()

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def seeded():
    """The same random weights and noise whichever tests run before.

    Keras draws its weights from Python's numbers. TensorFlow's own seed stays as it is: nothing
    here draws from it, and a new one makes it prepare every graph once more.
    """
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of photos and VGG19 weights beside the checkout, which not everybody has."""
    folder = ROOT.parent / "shared"
    if not (folder / "photos").is_dir():
        pytest.skip("needs photos and VGG19 weights in ../shared: not part of this project")
    return folder


@pytest.fixture(autouse=True)
def no_graphs() -> Iterator[Path]:
    """Where graphs are kept: no test finds those of others."""
    folder = Path(_cache.name, "tfpaint", "graphs")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def float32():
    """No test leaves its precision policy to the next."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].mixed_precision.set_global_policy("float32")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """The last line says what was skipped, and how to get it."""
    result = yield
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and (skipped := terminal.stats.get("skipped")):
        reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
        ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        parts = (f"{count} ({reason})" for reason, count in ordered)
        terminal.write_line(f"Tests that were skipped: {', '.join(parts)}")
    return result
