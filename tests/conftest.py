"""What the tests share: a quiet TensorFlow, seeds, and the photos that lie beside a checkout."""

import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Graphs that tests trace are no part of the user's cache; processes that they start find them here.
_cache = tempfile.TemporaryDirectory()
os.environ["XDG_CACHE_HOME"] = _cache.name

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


@pytest.fixture
def no_graphs(monkeypatch, tmp_path) -> Path:
    """A cache in which no graph has been kept yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tfpaint" / "graphs"


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
