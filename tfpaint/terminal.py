"""What the command-line programs share: `tfpaint`, and `python -m train | export | serving`."""

import argparse
import gc
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType

from tfpaint.errors import InputError, system_error

_MANY_MODULES = 100  # a large import has more: TensorFlow's, 2,000


def command_parser(
    package: str, description: str, programs: Mapping[str, ModuleType | str]
) -> argparse.ArgumentParser:
    """The parser of `python -m PACKAGE COMMAND`, where each command is a module.

    Args:
        package: The package's name.
        description: One line on the package.
        programs: The module of each command. Its docstring is the help text, its
            `add_arguments(parser)` defines the options, and its `run` becomes the option `run`.
            In place of a module that is not loaded stands a one-line summary.
    """
    open_streams()
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=description)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, program in programs.items():
        text = program if isinstance(program, str) else program.__doc__ or ""
        command = commands.add_parser(
            name,
            description=text,
            help=text.partition("\n")[0],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if not isinstance(program, str):
            program.add_arguments(command)
            command.set_defaults(run=program.run)
    return parser


def exit_code(
    package: str,
    run: Callable[[argparse.Namespace], object],
    options: argparse.Namespace,
    interrupted: str = "interrupted",
) -> int:
    """Runs a command. What the user can mend is one line on stderr, and no traceback.

    Args:
        package: The name with which the line begins.
        run: The command.
        options: Its parsed options.
        interrupted: The line after Ctrl-C.

    Returns:
        The exit code: 0 if the command succeeded, 2 after an InputError or when the system refuses
        something, 130 after Ctrl-C.
    """
    try:
        run(options)
    except (InputError, OSError) as error:
        said = system_error(error) if isinstance(error, OSError) else error
        print(f"{package}: error: {said}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\n{package}: {interrupted}", file=sys.stderr)  # the terminal has shown "^C"
        return 130
    return 0


def add_mask_options(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `tfpaint.pictures.mask_files.MaskOptions`."""
    add = parser.add_argument
    add(
        "--fit-mask",
        action="store_true",
        help="stretch a mask of another size to the photo; turn it if the photo is turned by EXIF",
    )
    add("--mask-alpha", action="store_true", help="transparent in a mask is missing, not white")
    add("--invert-mask", action="store_true", help="black in a mask is missing, not white")
    add(
        "--grow-mask",
        type=int,
        default=0,
        metavar="N",
        help="widen the mask by a disc of N pixels, 0 to 100 (%(default)s): soft edges go, too",
    )


class _Words(io.TextIOWrapper):
    """A standard stream that drops what meets an error of the type `dropped`."""

    def __init__(self, stream: io.TextIOWrapper, dropped: type[OSError]):
        super().__init__(
            stream.buffer,
            stream.encoding,
            "backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self.dropped = dropped

    def write(self, text: str) -> int:
        with suppress(self.dropped):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(self.dropped):
            super().flush()


def open_streams() -> None:
    """Lets a program run to its end whatever has become of its standard streams.

    A closed stream becomes the null device: else the next file to be opened would take its number,
    and get what libraries say on stderr. Words on stderr that cannot be written are dropped, and
    so are those on stdout if nobody reads on. What their encoding lacks is escaped.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    for name, dropped in (("stdout", BrokenPipeError), ("stderr", OSError)):
        stream = getattr(sys, name)
        own = stream is getattr(sys, f"__{name}__")  # not a test's, or a notebook's
        if own and isinstance(stream, io.TextIOWrapper) and not isinstance(stream, _Words):
            setattr(sys, name, _Words(stream, dropped))


@contextmanager
def silent() -> Iterator[None]:
    """Discards what is written to stderr in this context, by native code too.

    Meant for `import tensorflow`, which reports missing GPUs to every user. The file descriptor
    itself is redirected, for the whole process.
    """
    open_streams()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


@contextmanager
def importing() -> Iterator[None]:
    """As `silent`, without looking for garbage: a large import makes none, and is a fifth faster.

    What is there after a large import is never looked through again.
    """
    collects, modules = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        with silent():
            yield
    finally:
        if len(sys.modules) > modules + _MANY_MODULES:
            gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end the program at once; by default Python waits for TensorFlow to return.

    Outside the main thread, or with another handler installed, nothing is changed.
    """
    mine = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    if not mine or handler is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def load_tensorflow() -> None:
    """Imports TensorFlow without what it says on the way about GPUs, processors and its own log.

    Keras, which is imported later, runs on it whatever the user's settings are.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for what it would say later
    with importing():
        importlib.import_module("tensorflow")


def count(text: str) -> int:
    """The argparse type of a whole number from 1 on; "2e8" is understood as well.

    Raises:
        argparse.ArgumentTypeError: `text` is no such number.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1 <= number <= sys.maxsize or not number.is_integer():
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(number)


def seed(text: str) -> int:
    """The argparse type of a whole number from 0.

    Raises:
        argparse.ArgumentTypeError: `text` is no such number.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
