"""Training Image2Feature on any backend: runs that are stopped and resumed, here and on JAX."""

import csv
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage import data

from tfpaint.errors import InputError
from tfpaint.networks.image2feature import Image2Feature, split
from train.coarse import holes, packed, squares, state
from train.coarse.__main__ import main, schedule
from train.coarse.learning import CoarseFill, held_out

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config")
SIZE, EPOCHS, STEPS = 8, 3, 2  # steps in an epoch


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i, photo in enumerate((data.chelsea(), data.coffee(), data.astronaut())):
        Image.fromarray(photo).resize((150 + 20 * i, 180)).save(folder / f"{i}.png")
    return folder


def command(photos, work, *more):
    """A quick run. A batch has more photos than there are."""
    return [
        *("run", "--photos", str(photos), "--val", str(photos), "--work", str(work)),
        *("--size", str(SIZE), "--width", "2", "--residuals", "1", "--batch", "4"),
        *("--steps", str(EPOCHS * STEPS), "--epoch", str(STEPS), "--rate", "0.01"),
        *("--verbose", "0", *more),
    ]


def run(photos, work, *more):
    """The exit code of a run, which is shorter than the tracing of its graph takes."""
    tf.config.run_functions_eagerly(True)
    try:
        return main(command(photos, work, *more))
    finally:
        tf.config.run_functions_eagerly(False)


def arrays(path):
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory):
    """The work folder of a run that went through."""
    work = tmp_path_factory.mktemp("whole")
    assert run(photos, work) == 0
    return work


@pytest.fixture(scope="module")
def stopped(photos, tmp_path_factory):
    """The work folder of a run that Ctrl-C stopped in its last epoch, with a state of the first."""
    work = tmp_path_factory.mktemp("stopped")

    def stop(callback, batch, logs=None):
        steps = int(callback.model.optimizer.iterations)
        patch.setattr(state, "_SECONDS", -1 if steps <= STEPS else 60)
        if steps == 2 * STEPS + 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state.Checkpoint, "on_train_batch_end", stop, raising=False)
        assert run(photos, work) == 130
    assert arrays(work / "state.npz")["epochs"] == 1
    assert len((work / "log.csv").read_text().splitlines()) == 3
    return work


def test_a_stopped_run_goes_on_as_if_it_had_not(photos, whole, stopped, tmp_path, capsys):
    work = shutil.copytree(stopped, tmp_path / "resumed")
    assert run(photos, work) == 0
    ours, theirs = arrays(work / "state.npz"), arrays(whole / "state.npz")
    assert ours.keys() == theirs.keys() and ours["epochs"] == EPOCHS
    for name in theirs:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert (work / "log.csv").read_text() == (whole / "log.csv").read_text()
    best = [keras.saving.load_model(one / "best.keras").get_weights() for one in (work, whole)]
    for one, other in zip(*best, strict=True):
        np.testing.assert_array_equal(one, other)
    assert sorted(path.name for path in work.iterdir()) == ["best.keras", "log.csv", "state.npz"]

    capsys.readouterr()
    assert main(command(photos, work)) == 0  # nothing is left to do
    assert f"error in the hole {ours['lowest']:.2f} % at best" in capsys.readouterr().out


def test_the_best_network_is_the_one_validated(photos, whole):
    losses = [float(row["val_hole_l1"]) for row in rows(whole)]
    assert len(losses) == EPOCHS and arrays(whole / "state.npz")["lowest"] == min(losses)
    model = CoarseFill(keras.saving.load_model(whole / "best.keras"))
    model.compile()
    inputs = held_out(packed.load([photos]))
    found = model.evaluate(inputs, batch_size=4, verbose=0, return_dict=True)
    assert found["hole_l1"] == pytest.approx(min(losses), abs=1e-4)


def rows(work):
    with (work / "log.csv").open() as file:
        return list(csv.DictReader(file))


JAX = """
import sys
import numpy as np
import tfpaint.networks.image2feature
from train.coarse import holes, packed, squares
from train.coarse.__main__ import main

assert "tensorflow" not in sys.modules, "it needs TensorFlow"
work, numbers, *arguments = sys.argv[1:]
code = main(arguments)
if code:
    sys.exit(code)
import jax
import keras

photos, numbers = packed.load([arguments[2]]), np.load(numbers)
network = keras.saving.load_model(f"{work}/best.keras")

@jax.jit
def find(pixels, numbers):
    about = pixels, photos.widths, photos.stood
    cut = squares.cut(*about, numbers[:, : squares.NUMBERS], 32)
    hole = holes.draw(numbers[:, squares.NUMBERS :], 32)
    centre, error = network([cut[:, ::4, ::4], hole[:, ::4, ::4]])
    return {"cut": cut, "hole": hole, "centre": centre, "error": error}

found = find(photos.pixels, numbers)
np.savez(f"{work}/found.npz", **{name: np.asarray(one) for name, one in found.items()})
"""


@pytest.fixture(scope="module")
def jax(root, photos, stopped, tmp_path_factory):
    """The work folder of the stopped run, resumed on JAX, and what JAX finds beside it."""
    if find_spec("jax") is None:
        pytest.skip("needs JAX: pip install 'tfpaint[jax]'")
    folder = tmp_path_factory.mktemp("jax")
    numbers = np.random.default_rng(3).random((3, squares.NUMBERS + holes.NUMBERS), np.float32)
    np.save(folder / "numbers.npy", numbers)
    work = shutil.copytree(stopped, folder / "work")
    quick = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    done = subprocess.run(
        [sys.executable, "-c", JAX, work, folder / "numbers.npy", *command(photos, work)],
        cwd=root,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": quick},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "Keras on jax" in done.stdout, done.stderr
    return work, numbers, arrays(work / "found.npz")


def test_squares_and_holes_are_the_same_on_jax(photos, jax):
    _, numbers, found = jax
    one = packed.load([photos])
    about = one.pixels, one.widths, one.stood
    cut = squares.cut(*about, numbers[:, : squares.NUMBERS], 32)
    np.testing.assert_allclose(found["cut"], cut, atol=1e-3)
    np.testing.assert_array_equal(found["hole"], holes.draw(numbers[:, squares.NUMBERS :], 32))


def test_a_network_of_jax_gives_the_same_in_tensorflow(jax):
    work, _, found = jax
    network = keras.saving.load_model(work / "best.keras")
    assert isinstance(network, Image2Feature)
    centre, error = network([found["cut"][:, ::4, ::4], found["hole"][:, ::4, ::4]])
    np.testing.assert_allclose(centre, found["centre"], atol=1e-4)
    np.testing.assert_allclose(error, found["error"], atol=1e-4)


def test_a_run_resumes_on_another_backend(jax, whole):
    ours, theirs = rows(jax[0]), rows(whole)
    assert ours[0] == theirs[0] and len(ours) == EPOCHS
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        for name, value in other.items():
            assert float(one[name]) == pytest.approx(float(value), rel=1e-3), name
    ours, theirs = arrays(jax[0] / "state.npz"), arrays(whole / "state.npz")
    assert ours.keys() == theirs.keys()
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0.05, atol=0.01, err_msg=name)


@pytest.fixture
def model():
    return CoarseFill(Image2Feature(SIZE, width=2, skips="centre", uncertainty=True))


def test_the_second_output_learns_without_changing_what_the_fill_learns(photos, model):
    inputs = held_out(packed.load([photos]))
    plain = CoarseFill(model.network, uncertainty_weight=0.0)
    found = model(inputs)
    filled, error = tf.Variable(found["filled"]), tf.Variable(found["error"])
    gradients = []
    for one in (model, plain):
        with tf.GradientTape() as tape:
            loss = one.compute_loss(y_pred={**found, "filled": filled, "error": error})
        gradients.append(tape.gradient(loss, [filled, error]))
    np.testing.assert_array_equal(gradients[0][0], gradients[1][0])
    assert np.abs(gradients[0][0]).max() > 0 and np.abs(gradients[0][1]).max() > 0
    assert not np.any(gradients[1][1])


def test_training_lowers_the_loss_and_the_surprise(photos, model):
    inputs = held_out(packed.load([photos]))
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(inputs, batch_size=3, epochs=40, verbose=0, shuffle=False).history
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    off = [abs(a - b) for a, b in zip(history["expected"], history["hole_l1"], strict=True)]
    assert np.mean(off[-5:]) < 0.7 * off[0]


def test_a_network_without_a_second_output_is_trained_too(photos):
    network = Image2Feature(SIZE, width=2)
    found = CoarseFill(network)(held_out(packed.load([photos])))
    assert set(found) == {"truth", "hole", "filled"}
    assert split(found["filled"])[1] is None


@pytest.mark.parametrize("steps", [1, 2, 3, 100, 800, 40_000])
def test_the_rate_rises_and_falls_in_runs_of_any_length(steps):
    every = max(steps // 80, 1)
    rates = [float(schedule(0.01, steps)(step)) for step in range(0, steps + 1, every)]
    assert np.isfinite(rates).all() and max(rates) == pytest.approx(0.01, rel=1e-3)
    assert rates[-1] == pytest.approx(1e-4, rel=0.1)
    if steps > 1:
        assert rates[0] == 0 and np.argmax(rates) * every in (min(500, steps // 2), 500)


def refusals(photos, whole, tmp_path):
    """Arguments for a run, and words of the line that refuses them."""
    other = tmp_path / "other.keras"
    Image2Feature(SIZE, width=4, uncertainty=True).save(other)
    (tmp_path / "broken.keras").write_bytes(b"no network")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "state.npz").write_bytes((whole / "state.npz").read_bytes()[:5000])
    nowhere = str(photos / "nowhere")
    yield ["--photos", nowhere], f"{nowhere}: no such folder"
    yield ["--val", nowhere], f"{nowhere}: no such folder"
    yield ["--width", "4"], "state.npz: the state of another network; name another folder"
    yield ["--residuals", "0"], "state.npz: the state of another network"
    yield (
        ["--epoch", "4"],
        f"state.npz: {EPOCHS} epochs were {EPOCHS * STEPS} steps; give the --epoch",
    )
    yield ["--work", str(broken)], "state.npz: no state of a run, or damaged"
    yield ["--work", str(other)], "other.keras"
    yield ["--residuals", "-1"], "residuals=-1"
    yield ["--size", "24"], "size=24 must be a power of two"
    yield ["--size", "256"], "--size 256: photos have 144 px"
    for first in (nowhere + ".keras", str(tmp_path / "broken.keras")):
        yield ["--init-from", first], f"{first}: no such file, or no network"
    yield ["--init-from", str(other)], f"{other}: another network than --size, --width"


def test_what_cannot_be_used_is_refused_in_a_line(photos, whole, tmp_path, capsys):
    for more, words in refusals(photos, whole, tmp_path):
        assert main(command(photos, whole, *more)) == 2, more
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("train.coarse: error: ") and words in line


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    checkpoint = state.Checkpoint(tmp_path, None, 3)
    with pytest.raises(InputError, match="epoch 2: the loss is not a finite number"):
        checkpoint.on_epoch_end(1, {"loss": float("nan")})


def test_a_run_begins_with_the_weights_of_another(photos, whole, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(CoarseFill, "fit", lambda self, *_, **__: begun.append(self.network))
    first = str(whole / "best.keras")
    assert main(command(photos, tmp_path, "--init-from", first)) == 0
    weights = begun[0].get_weights(), keras.saving.load_model(first).get_weights()
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
