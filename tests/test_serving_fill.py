"""The options of one fill reach the model's signature `fill`, by REST, gRPC and the client."""

from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from serving.__main__ import main
from serving.client import InpaintClient
from serving.fill_request import fill_request
from tests.serving_model import running, save
from tests.test_serving_rest import PATH, b64, decoded, png
from tests.tiny import mask_of, photo
from tfpaint.errors import InputError
from tfpaint.pictures.tight_masks import grow

IMAGE, MASK = photo(20, 24) // 2, mask_of(20, 24, (8, 9, 12, 14))
ROW = {"image_bytes": b64(png(IMAGE)), "mask_bytes": b64(png(MASK))}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(save(tmp_path_factory.mktemp("fill") / "tfpaint" / "1")) as server:
        yield server


def filled(growth, grey):
    return np.where(grow(MASK, growth)[..., None], np.uint8(grey), IMAGE)


def test_by_rest_a_row_names_all_of_them(server):
    rows = [ROW | {"seed": 1, "grow_mask": 2, "wrap": "x"}]
    rows += [ROW | {"seed": 0, "grow_mask": 0, "wrap": "none"}]
    body = {"signature_name": "fill", "instances": rows}
    answer = requests.post(f"{server.url}{PATH}:predict", json=body).json()
    first, second = map(decoded, answer["predictions"])
    np.testing.assert_array_equal(first, filled(2, 179))
    np.testing.assert_array_equal(second, filled(0, 128))
    short = {"signature_name": "fill", "instances": [ROW | {"seed": 1}]}
    answer = requests.post(f"{server.url}{PATH}:predict", json=short)
    assert answer.status_code == 400 and "grow_mask" in answer.json()["error"]


def test_by_grpc(server):
    with InpaintClient(server.target) as client:
        found = client.inpaint(IMAGE, MASK, grow_mask=3)
        np.testing.assert_array_equal(found, filled(3, 128))
        found = client.inpaint(IMAGE, MASK, seed=4, wrap="both")
        np.testing.assert_array_equal(found, filled(0, 182))
        for option in ({"grow_mask": 101}, {"wrap": "z"}):
            with pytest.raises(InputError, match="101|'z'"):
                client.inpaint(IMAGE, MASK, **option)


def test_no_more_is_asked_of_a_model_than_is_needed():
    """So older models answer whoever asks for nothing new."""
    options = [{}, {"seed": 1}, {"grow_mask": 1}, {"wrap": "y"}]
    asked = [fill_request(b"", b"", **one) for one in options]
    names = [request.model_spec.signature_name for request in asked]
    assert names == ["bytes", "variants", "fill", "fill"]
    assert [len(request.inputs) for request in asked] == [2, 3, 5, 5]


def test_the_client(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(IMAGE).save("photo.png")
    Image.fromarray(MASK).save("mask.png")
    command = ["client", "photo.png", "--mask", "mask.png", "-o", "out.png", "--wrap", "x"]
    assert main([*command, "--grow-mask", "1", "--target", server.target]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(Path("out.png"))), filled(1, 178))
