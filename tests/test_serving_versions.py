"""Versions come and go while requests are served."""

import io
import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from benchmarks.memory import status_mib
from serving.client import InpaintClient
from serving.model import WARMUP, Model
from serving.status import ServingError
from serving.versions import State, Versions
from tests.serving_model import running, save, wait_until
from tests.test_serving_grpc import arrays

IMAGE = np.zeros((16, 16, 3), np.uint8)
MASK = ~np.eye(16, dtype=bool)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    for number in (1, 2):
        save(folder / str(number), grey=100 * number)
    return folder


def put(made, model, number, name=None):
    """A version appears, whole at once."""
    model.mkdir(exist_ok=True)
    shutil.copytree(made / str(number), model / "copying")
    (model / "copying").rename(model / str(name or number))


@pytest.fixture
def model(made, tmp_path):
    put(made, tmp_path / "tfpaint", 1)
    return tmp_path / "tfpaint"


def test_a_new_version_takes_over_and_the_old_one_is_drained(made, model):
    with running(model, workers=4) as server, InpaintClient(server.target) as client:
        colours, failed, stop = set(), [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    colours.add(int(client.inpaint(IMAGE, MASK).max()))
                except Exception as error:
                    failed.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: colours == {100})
        versions = server.server.versions
        with versions.lease() as old:
            put(made, model, 2)
            wait_until(lambda: old.state == State.UNLOADING)
            assert client.status() == {1: "UNLOADING", 2: "AVAILABLE"}
            assert old.model is not None
        wait_until(lambda: old.state == State.END)
        assert old.model is None
        wait_until(lambda: colours == {100, 200})
        stop.set()
        thread.join()
        assert failed == []
        assert client.status() == {1: "END", 2: "AVAILABLE"}


def test_a_broken_version_changes_nothing_until_it_is_mended(made, model):
    versions = Versions(model)
    versions.refresh()
    (model / "2").mkdir()
    (model / "2" / "saved_model.pb").write_bytes(b"broken")
    versions.refresh()
    assert {v.number: v.state for v in versions.status()} == {2: State.END, 1: State.AVAILABLE}
    assert versions.known[2].error
    tried = versions.known[2]
    versions.refresh()
    assert versions.known[2] is tried
    shutil.rmtree(model / "2")
    put(made, model, 2)
    versions.refresh()
    assert {v.number: v.state for v in versions.status()} == {2: State.AVAILABLE, 1: State.END}
    versions.close()


def test_a_start_with_a_broken_version_serves_the_newest_that_works(made, model):
    """As when version 3 refuses its own warm-up: the server stays with what works."""
    put(made, model, 2)
    for number in ("3", "4"):
        (model / number).mkdir()
        (model / number / "saved_model.pb").write_bytes(b"broken")
    labels = {"stable": 1}
    with running(model, labels=labels) as server, InpaintClient(server.target) as client:
        assert client.status() == {4: "END", 3: "END", 2: "AVAILABLE", 1: "AVAILABLE"}
        assert (client.inpaint(IMAGE, MASK)[MASK] == 200).all()
        shutil.rmtree(model / "3")
        put(made, model, 1, name=3)
        shutil.rmtree(model / "4")
        wait_until(lambda: client.status()[3] == "AVAILABLE")
        wait_until(lambda: client.status()[2] == "END")
        assert (client.inpaint(IMAGE, MASK)[MASK] == 100).all()


def test_going_back_and_an_emptied_folder(made, model):
    put(made, model, 2)
    versions = Versions(model)
    versions.refresh()
    shutil.rmtree(model / "2")
    versions.refresh()
    with versions.lease() as version:
        assert version.number == 1
    shutil.rmtree(model)
    versions.refresh()
    with versions.lease() as version:  # better than nothing
        assert version.number == 1
    versions.close()


def test_labelled_versions_stay_beside_the_latest(made, model):
    put(made, model, 2)
    with running(model, labels={"stable": 1, "canary": 2}) as server:
        for choice, colour in (
            ({}, 200),
            ({"label": "stable"}, 100),
            ({"label": "canary"}, 200),
            ({"version": 1}, 100),
        ):
            with InpaintClient(server.target, **choice) as client:
                assert (client.inpaint(IMAGE, MASK)[MASK] == colour).all()


def test_only_whole_version_folders_count(made, model):
    (model / "7").mkdir()
    (model / "notes").mkdir()
    (model / "٣").mkdir()
    versions = Versions(model)
    versions.refresh()
    assert [version.number for version in versions.status()] == [1]
    with pytest.raises(ServingError, match="version 7"):
        versions.status(7)
    versions.close()


def test_warm_up_requests_are_run(made, tmp_path):
    folder = shutil.copytree(made / "1", tmp_path / "1")
    good, bad = prediction_log_pb2.PredictionLog(), prediction_log_pb2.PredictionLog()
    good.predict_log.request.CopyFrom(arrays())
    bad.predict_log.request.model_spec.signature_name = "none"
    (folder / WARMUP).parent.mkdir()
    for record, fails in ((good, False), (bad, True)):
        with tf.io.TFRecordWriter(str(folder / WARMUP)) as writer:
            writer.write(record.SerializeToString())
        if fails:
            with pytest.raises(ServingError, match="not found"):
                Model(folder)
        else:
            Model(folder).close()


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_terminal_tells_how_far_the_warm_up_is(made, tmp_path, on_terminal, monkeypatch):
    folder = shutil.copytree(made / "1", tmp_path / "3")
    request = prediction_log_pb2.PredictionLog()
    request.predict_log.request.CopyFrom(arrays())
    (folder / WARMUP).parent.mkdir()
    with tf.io.TFRecordWriter(str(folder / WARMUP)) as writer:
        for _ in range(3):
            writer.write(request.SerializeToString())
    monkeypatch.setattr("sys.stderr", stderr := io.StringIO())
    monkeypatch.setattr(stderr, "isatty", lambda: on_terminal, raising=False)
    versions = Versions(tmp_path)
    versions.refresh()
    assert versions.ready
    versions.close()
    said = [line.strip() for line in stderr.getvalue().split("\r") if line.strip()]
    words = "loading model, version 3"
    told = [words, *(f"{words}: {done} of 3 warm-up requests" for done in (1, 2, 3))]
    assert said == (told if on_terminal else [])


def test_unloading_gives_the_memory_back(made, model):
    """Loading and unloading again and again does not grow for long."""
    sizes = []
    for _ in range(12):
        Model(model / "1").close()
        sizes.append(status_mib("VmRSS"))
    assert sizes[-1] - sizes[4] < 40, sizes
