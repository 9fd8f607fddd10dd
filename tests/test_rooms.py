"""The house: every module has its room, and imports run one way, also those inside functions."""

import ast
import re
from graphlib import CycleError, TopologicalSorter

import pytest

from tfpaint.cli import main

# From the ground up: a module may import from its own room and from those before it.
ROOMS = [
    "tfpaint.errors",
    "tfpaint.user_cache",
    "tfpaint.backend",
    "tfpaint.registration",
    "tfpaint.terminal",
    "tfpaint.overlap",
    "tfpaint.pictures",
    "tfpaint.maps",
    "tfpaint.networks",
    "tfpaint.patch_swap",
    "tfpaint.filling",
    "tfpaint.forks",
    "tfpaint.presets",
    "tfpaint.inpainter",
    "tfpaint.style_transfer",
    "tfpaint.training",
    "tfpaint.saved_model",
    "tfpaint.evaluation",
    "tfpaint.batch",
    "tfpaint.fill_files",
    "tfpaint.commands",
    "tfpaint.cli",
    "train",
    "export",
    "serving",
    "benchmarks",
    "scripts",
]
# Doors rather than rooms: they name what is inside. `import tfpaint` loads nothing (version apart).
DOORS = {"tfpaint", "tfpaint.__main__"}


@pytest.fixture(scope="module")
def modules(root):
    """Every module of the project, its path by its name."""
    packages = {room.split(".")[0] for room in ROOMS}
    paths = [path for package in packages for path in (root / package).rglob("*.py")]
    assert len(paths) > 100
    return {module_name(root, path): path for path in paths}


def module_name(root, path):
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, modules):
    """The project's modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if name in modules)
            if node.module in modules and not all(name in modules for name in names):
                yield node.module


def room_of(module):
    found = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    assert found or module in DOORS, f"{module} has no room; give it one in {__file__}"
    return ROOMS.index(found[0]) if found else None


def test_imports_run_one_way(modules):
    wrong = [
        f"{module} imports {used}"
        for module, path in modules.items()
        if module not in DOORS
        for used in imports(path, modules)
        if used not in DOORS and room_of(used) > room_of(module)
    ]
    assert wrong == []


def test_no_circle(modules):
    graph = {
        module: set(imports(path, modules)) - DOORS - {module}
        for module, path in modules.items()
        if module not in DOORS
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_programs_are_used_by_none_but_benchmarks_and_scripts(modules):
    """`train` and `export` stand beside each other."""
    for module, path in modules.items():
        package = module.split(".")[0]
        used = {name.split(".")[0] for name in imports(path, modules)} - {package, "tfpaint"}
        if package in ("tfpaint", "train", "export"):
            assert not used, f"{module} imports {used}"


def test_every_room_says_what_is_in_it_and_what_it_imports(root):
    for room in sorted((root / "tfpaint").iterdir()):
        file = room / "__init__.py"
        if room.is_dir() and file.exists():
            text = ast.get_docstring(ast.parse(file.read_text()))
            assert "\n\nMay import: " in text and len(text.splitlines()) <= 4, file


def test_every_command_has_a_file_of_its_own(root, capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.M)
    assert len(commands) >= 3
    for command in commands:
        assert (root / "tfpaint" / "commands" / f"{command}.py").exists(), command


def test_files_of_the_library_are_short(root):
    lengths = {
        path: len(path.read_text().splitlines()) for path in (root / "tfpaint").rglob("*.py")
    }
    assert {path.name: n for path, n in lengths.items() if n > 300} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 120
