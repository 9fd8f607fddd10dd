"""A standard stream that is closed, full or not read costs only the words that would go there."""

import gc
import os
import subprocess
import sys

import pytest

from tfpaint import terminal

FILL = "from tfpaint.terminal import load_tensorflow; load_tensorflow()"
OPEN = "from tfpaint.terminal import open_streams; open_streams()"


def run(root, redirections, program, **options):
    """Runs a Python program with redirections of the shell."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {redirections}', sys.executable, program],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        **options,
    )


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_file_never_takes_the_place_of_a_closed_stream(root, tmp_path, closed):
    program = f"""{OPEN}
import os, sys
file = open("out", "w")
assert file.fileno() > 2 and sys.stdin.read() == ""
print("word"), print("word", file=sys.stderr), os.system("echo word; echo word >&2")
file.write("done")"""
    done = run(root, closed, program, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert (done.returncode, (tmp_path / "out").read_text()) == (0, "done"), done.stderr


def test_what_is_said_on_a_closed_stderr_does_not_go_to_stdout(root):
    program = f"{OPEN}; import sys; print(1, file=sys.stderr); print(2)"
    assert run(root, "2>&-", program).stdout == b"2\n"


def test_tensorflow_loads_with_stderr_closed(root):
    done = run(root, "2>&-", f"{FILL}; print(1)")
    assert (done.returncode, done.stdout) == (0, b"1\n")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_nobody_reads_on(root, name):
    number = 1 + (name == "stderr")
    program = f"{OPEN}; import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, {number})"
    program += f"; [print('word', file=sys.{name}, flush=True) for _ in range(9999)]"
    done = run(root, "", program)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_is_noticed_on_stdout_alone(root):
    full = "import os, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), {}); print(1, file=sys.{})"
    assert run(root, "", f"{OPEN}; {full.format(2, 'stderr')}").returncode == 0
    assert run(root, "", f"{OPEN}; {full.format(1, 'stdout')}").returncode != 0


def test_what_an_encoding_lacks_is_escaped(root):
    program = f"{OPEN}; print('f\\udceate \\u2013')"
    done = run(root, "", f"import sys; sys.stdout.reconfigure(encoding='latin-1'); {program}")
    assert (done.returncode, done.stdout) == (0, b"f\\udceate \\u2013\n")


@pytest.mark.parametrize("package", ["tfpaint", "train", "export", "serving"])
def test_the_programs_start_without_streams(root, package):
    """Also without docstrings, as `python -OO` leaves them away."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m "$1" --help 0<&- 1>&- 2>&-', sys.executable, package],
        env=os.environ | {"PYTHONPATH": str(root), "PYTHONOPTIMIZE": "2"},
    )
    assert done.returncode == 0


def test_imports_are_quick_and_quiet(capfd):
    """Garbage is not looked for meanwhile, and is again afterwards."""
    gc.unfreeze()
    with terminal.importing():
        assert not gc.isenabled()
        os.write(2, b"a warning of native code")
    assert gc.isenabled() and capfd.readouterr().err == ""


@pytest.mark.parametrize("modules", [5, 500])
def test_a_large_import_is_never_looked_through_again(monkeypatch, modules):
    gc.unfreeze()
    with terminal.importing():
        for number in range(modules):
            monkeypatch.setitem(sys.modules, f"module{number}", sys)
    assert (gc.get_freeze_count() > 1000) == (modules == 500)
    gc.unfreeze()


def test_whoever_looks_for_no_garbage_goes_on_so():
    gc.disable()
    try:
        with pytest.raises(KeyError), terminal.importing():
            raise KeyError
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
