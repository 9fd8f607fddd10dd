"""The house rules that can be checked without running the library."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

import tfpaint

PROGRAMS = ("train", "export", "serving", "benchmarks", "scripts")


@pytest.fixture
def sources(root):
    folders = [root / name for name in ("tfpaint", "tests", *PROGRAMS)]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def test_files_stay_short(sources):
    assert len(sources) > 10
    lengths = {path.name: len(path.read_text().splitlines()) for path in sources}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_public_names_load_on_demand():
    for name in tfpaint.__all__:
        public = getattr(tfpaint, name)
        assert getattr(public, "__name__", name) == name
    with pytest.raises(AttributeError, match="no attribute 'inpaint'"):
        tfpaint.inpaint  # noqa: B018


def test_the_type_checker_sees_every_public_name(root):
    seen = [
        (alias.name, node.module)
        for node in ast.walk(ast.parse((root / "tfpaint" / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("tfpaint.")
        for alias in node.names
    ]
    assert {name: f"tfpaint.{module}" for name, module in tfpaint._MODULE.items()} == dict(seen)


def test_the_command_line_answers_before_tensorflow_loads():
    code = (
        "import sys, tfpaint.cli; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_dependency_is_pinned(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pins = re.findall(r"^([a-z0-9-]+)==[\w.]+", (root / "requirements.txt").read_text(), re.M)
    extras = project["optional-dependencies"].values()
    for requirement in [*project["dependencies"], *(one for extra in extras for one in extra)]:
        assert re.match(r"[a-z0-9-]+", requirement)[0] in pins
    assert "tensorflow-addons" not in pins


def test_one_version(root):
    (cited,) = re.findall(r"^version: (.+)$", (root / "CITATION.cff").read_text(), re.M)
    assert cited == tfpaint.__version__


def test_requirements_name_no_machine(root):
    text = (root / "requirements.txt").read_text()
    assert not re.search(r"https?://|--(extra-)?index|--find-links|(^|\s)/", text)


def test_readme_commands_exist(root):
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.M)
    promised = re.findall(r"\bmake ([a-z]+)", (root / "README.md").read_text())
    assert {"demo", "test"} <= set(promised) <= set(targets)
    assert "make test" in (root / ".ci" / "run").read_text()


def test_the_wheel_ships_the_library_only(root, tmp_path):
    checkout = tmp_path / "checkout"
    for name in ("tfpaint", "train", "tests"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, checkout / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, checkout / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, checkout], check=True)

    (wheel,) = tmp_path.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped == {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "tfpaint").rglob("*")
        if path.is_file()
    }
