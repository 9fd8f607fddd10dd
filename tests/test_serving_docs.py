"""The examples of docs/serving.md do what they say, on a running server."""

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving import bulk, server
from serving.__main__ import main
from tests.programs import need
from tests.serving_model import running, save

PHOTO = np.arange(16 * 20 * 3, dtype=np.uint8).reshape(16, 20, 3)
MASK = np.zeros((16, 20), bool)
MASK[4:8, 5:9] = True
FILLED = np.where(MASK[..., None], 128, PHOTO)

# What the example needs of grpcurl: reflection, a message as JSON on stdin, and one on stdout.
GRPCURL = f"""#!{sys.executable}
import sys
import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

*options, target, method = sys.argv[1:]
assert options == ["-plaintext", "-max-msg-sz", "67108864", "-d", "@"], options
with grpc.insecure_channel(target) as channel:
    service, name = method.split("/")
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    found = pool.FindServiceByName(service).methods_by_name[name]
    message = json_format.Parse(sys.stdin.read(), GetMessageClass(found.input_type)())
    call = channel.unary_unary(
        "/" + method,
        type(message).SerializeToString,
        GetMessageClass(found.output_type).FromString,
    )
    print(json_format.MessageToJson(call(message, timeout=60)))
"""


@pytest.fixture
def text(root, tmp_path, monkeypatch):
    """The page, with the addresses of a server that runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    Image.fromarray(PHOTO).save("photo.png")
    Image.fromarray(PHOTO).save("photo.jpg")
    Image.fromarray(MASK).save("mask.png")
    if shutil.which("grpcurl") is None:
        Path("grpcurl").write_text(GRPCURL)
        Path("grpcurl").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with running(save(tmp_path / "model" / "1")) as running_:
        page = (root / "docs" / "serving.md").read_text()
        page = page.replace("localhost:8500", running_.target)
        yield page.replace("http://localhost:8501", running_.url)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def check():
    np.testing.assert_array_equal(np.asarray(Image.open("filled.png")), FILLED)
    Path("filled.png").unlink()


def test_python(text):
    (block,) = blocks(text, "python")
    exec(block, {})  # noqa: S102
    check()


def recipe(text, program):
    for name in ("bash", "curl", "jq"):
        need(name)
    (block,) = (one for one in blocks(text, "bash") if re.search(rf"^ +{program} ", one, re.M))
    return ["bash", "-c", block]  # with no options: as one types it


@pytest.mark.parametrize("program", ["curl", "grpcurl"])
def test_the_shell(text, program):
    subprocess.run(recipe(text, program), check=True, timeout=60)
    check()


@pytest.mark.parametrize("program", ["curl", "grpcurl"])
def test_the_shell_after_an_error(text, program):
    Path("mask.png").write_bytes(b"no picture")
    done = subprocess.run(recipe(text, program), timeout=60, capture_output=True, text=True)
    assert done.returncode != 0 and not Path("filled.png").exists()
    if program == "curl":
        assert done.returncode == 22 and "400" in done.stderr
        assert "PNG or JPEG" in json.loads(Path("answer.json").read_text())["error"]


def commands(text, name):
    for block in blocks(text, "bash"):
        for line in block.splitlines():
            if line.startswith(f".venv/bin/python -m {name} "):
                yield shlex.split(line, comments=True)[3:]


def test_the_client(text):
    (command,) = commands(text, "serving client")
    assert main(command) == 0
    photo = np.asarray(Image.open("photo.jpg"))
    filled = np.asarray(Image.open("filled.png"))
    np.testing.assert_array_equal(filled, np.where(MASK[..., None], 128, photo))


@pytest.mark.parametrize("program, count", [(server, 2), (bulk, 3)])
def test_the_other_commands_have_such_options(root, program, count):
    text = (root / "docs" / "serving.md").read_text()
    found = list(commands(text, program.__name__.replace(".", " ")))
    assert len(found) == count
    parser = argparse.ArgumentParser()
    program.add_arguments(parser)
    for command in found:
        parser.parse_args(command[1:])


def test_what_is_exported_is_served(root):
    """The model is served from where it is exported to, here and in compose.yaml."""
    text = (root / "docs" / "serving.md").read_text()
    compose = (root / "serving" / "tf_serving" / "compose.yaml").read_text()
    (export,) = commands(text, "export saved-model")
    folder = export[export.index("--out") + 1]
    for serve in commands(text, "serving server"):
        assert folder == serve[serve.index("--model") + 1]
    assert f"--out {folder}" in compose and "../../out/models:/models" in compose
