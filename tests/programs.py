"""Programs beside Python that some tests need."""

import os
import shutil

import pytest


def need(program: str, package: str | None = None) -> str:
    """The path of a program.

    Without it the test is skipped; in CI, whose script installs it, the test fails.

    Args:
        program: Its name.
        package: The Debian package it is in, where that has another name.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        message = f"needs {program}: apt-get install {package or program}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
