"""What a work folder's `config.json` says of its run, so that no other run is continued there."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from tfpaint.errors import InputError

FILE = "config.json"


def digest(parts: Iterable[bytes]) -> str:
    """A short name for some bytes that no other bytes have."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()[:16]


def network_digest(network: keras.Model | None) -> str | None:
    """The digest of a network's kind, arguments and weights; None for no network."""
    if network is None:
        return None
    config = {**network.get_config(), "name": None}
    kind = json.dumps([type(network).__name__, config], sort_keys=True, default=str)
    return digest([kind.encode(), *(weight.tobytes() for weight in network.get_weights())])


def recorded_precision(work: Path) -> str | None:
    """The precision policy of the run in a work folder; None if it holds none yet.

    Raises:
        InputError: Its `config.json` is damaged.
    """
    file = work / FILE
    return read_record(file).get("precision") if file.exists() else None


def check_same_run(work: Path, config: dict[str, Any], inputs: dict[str, str | None]) -> None:
    """Writes `config.json`; if there is one, only its number of steps may differ.

    Args:
        work: The work folder; it is made if missing.
        config: The run's name, its precision and the fields of its config.
        inputs: The digest of what each option of the command line names, by option.

    Raises:
        InputError: The folder holds another run, or one of another version of tfpaint.
    """
    file = work / FILE
    text = json.dumps({**config, "inputs": inputs}, indent=1)
    now = json.loads(text)
    begun = read_record(file) if file.exists() else now
    missing = [key for key in now if key not in begun]
    if missing:
        raise InputError(
            f"{file}: has no {missing[0]!r}, so it is of another version of tfpaint; "
            "name another folder"
        )
    for key in config:
        if key != "steps" and begun[key] != now[key]:
            raise InputError(
                f"{work}: holds a run of {key} {begun[key]} and not {now[key]}; name another folder"
            )
    for option, one in inputs.items():
        if begun["inputs"].get(option) != one:
            raise InputError(
                f"{work}: holds a run with another --{option} (what it names has changed, or the "
                "option has); give the same, or name another folder"
            )
    work.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def read_record(file: Path) -> dict[str, Any]:
    """What a `config.json` holds.

    Raises:
        InputError: It is not the record of a run.
    """
    try:
        record = dict(json.loads(file.read_text()))
        dict(record.get("inputs", {}))
    except (ValueError, TypeError) as error:
        raise InputError(f"{file}: not the config of a run; name another folder") from error
    return record
