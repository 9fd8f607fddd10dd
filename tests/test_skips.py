"""What a test needs and does not find is said in the last line; in CI it is an error."""

import os
import shutil
import subprocess
import sys

import pytest

TESTS = """
import pytest
from tests.programs import need

@pytest.mark.parametrize("_", range(3))
def test_a_page(_):
    need("no-such-browser", "browser")

def test_a_proxy():
    need("no-such-proxy")

@pytest.mark.skipif(True, reason="needs weights: make weights")
def test_weights():
    pass

def test_that_runs():
    assert need("sh")
"""


@pytest.mark.parametrize("ci, processes", [("", ["-n", "2"]), ("true", [])])
def test_the_last_line(root, tmp_path, ci, processes):
    folder = tmp_path / "tests"
    folder.mkdir()
    for name in ("conftest.py", "programs.py"):
        shutil.copy(root / "tests" / name, folder)
    (folder / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", *processes]
    environment = os.environ | {"CI": ci, "COLUMNS": "80"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    last = done.stdout.splitlines()[-1]
    if ci:
        assert done.returncode == 1 and "4 failed, 1 passed, 1 skipped" in done.stdout
        assert last == "Tests that were skipped: 1 (needs weights: make weights)"
    else:
        assert done.returncode == 0 and "1 passed, 5 skipped" in done.stdout
        assert last == (
            "Tests that were skipped: 3 (needs no-such-browser: apt-get install browser),"
            " 1 (needs no-such-proxy: apt-get install no-such-proxy),"
            " 1 (needs weights: make weights)"
        )
