"""What a work folder keeps: whose run it is, its precision, best network and last good state."""

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.tiny import photo_folder, save_vgg19
from tests.tiny import train_command as train
from tfpaint.networks.encoder import DistilledEncoder
from tfpaint.training.feature2image_gan import Feature2ImageGAN
from train import data, precision
from train.__main__ import main
from train.config import load_config, load_network
from train.photos import list_photos


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The work folders of the G1s of `folder`: `g1`, of one step, and `g1-other`."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def folder(runs, tmp_path_factory):
    """Photos, an encoder, another of its shape and one of another, two critics and two G1s."""
    folder = photo_folder(tmp_path_factory.mktemp("photos"))
    keras.utils.set_random_seed(9)
    DistilledEncoder(width=8, depth=1, channels=16).save(folder / "other.keras")
    DistilledEncoder(width=8, depth=2, channels=8).save(folder / "differs.keras")
    for critic in ("critic.npz", "other.npz"):
        save_vgg19(folder / critic)
    for name, steps in (("g1", 1), ("g1-other", 2)):
        assert main(train(folder, runs / name, steps=steps)) == 0
        shutil.copy(runs / name / "network.keras", folder / f"{name}.keras")
    return folder


def log(work):
    return (work / "log.csv").read_text().splitlines()


def weights(path):
    return load_network(path).get_weights()


def test_another_frozen_network_start_or_photo_list_is_refused(folder, tmp_path, capsys):
    more_photos = tmp_path / "more"
    more_photos.mkdir()
    for photo in folder.glob("*.png"):
        shutil.copy(photo, more_photos)
    shutil.copy(folder / "0.png", more_photos / "copy.png")
    given = {"image2feature": "g1.keras", "critic": "critic.npz", "encoder": "encoder.keras"}
    others = {
        "encoder": ["other.keras", "differs.keras"],
        "image2feature": ["g1-other.keras"],
        "critic": ["other.npz"],
        "photos": [more_photos],
        "val": [more_photos],
        "init-from": ["network.keras"],
    }

    def command(steps, **changed):
        work = tmp_path / "work"
        arguments = train(folder, work, "photo/feature2image-coherent", steps)
        for option, value in {**given, **changed}.items():
            arguments += [f"--{option}", str(folder / value)]
        return arguments

    assert main(command(1)) == 0
    shutil.copy(tmp_path / "work" / "network.keras", folder / "network.keras")
    for option, values in others.items():
        for value in values:
            capsys.readouterr()
            assert main(command(2, **{option: value})) == 2
            error = capsys.readouterr().err
            assert f"a run with another --{option} " in error and error.count("\n") == 1
    assert len(log(tmp_path / "work")) == 2
    assert main(command(2)) == 0
    assert len(log(tmp_path / "work")) == 3


def test_a_run_goes_on_when_its_photos_have_moved(folder, runs, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "moved")
    work = shutil.copytree(runs / "g1", tmp_path / "work")
    assert main(train(moved, work, steps=2)) == 0
    assert len(log(work)) == 3


def test_checkpoints_hold_only_what_is_trained(folder, tmp_path):
    run = train(folder, tmp_path, "photo/feature2image-adversarial", 1)
    assert main([*run, "--image2feature", str(folder / "g1.keras")]) == 0
    newest = tf.train.latest_checkpoint(tmp_path / "checkpoints")
    names = {name.partition("/")[0] for name, _ in tf.train.list_variables(newest)}
    trained = {"generator", "optimizer", "discriminator", "discriminator_optimizer"}
    own = {"epoch", "lowest", "waited", "save_counter", "_CHECKPOINTABLE_OBJECT_GRAPH"}
    assert names == trained | own


def test_auto_takes_the_precision_that_the_run_began_with(folder, tmp_path, monkeypatch):
    speeds = iter([9.0, 1.0, 1.0])
    monkeypatch.setattr(precision, "bfloat16_speedup", lambda: next(speeds))
    for steps in (1, 2):
        assert main([*train(folder, tmp_path / "w", steps=steps), "--precision", "auto"]) == 0
    record = json.loads((tmp_path / "w" / "config.json").read_text())
    assert record["precision"] == "mixed_bfloat16" and len(log(tmp_path / "w")) == 3
    (tmp_path / "w" / "config.json").write_text("[")
    assert main([*train(folder, tmp_path / "w", steps=3), "--precision", "auto"]) == 2


@pytest.mark.parametrize("run", ["paris/image2feature", "photo/image2feature"])
def test_validation_has_the_holes_of_training(folder, tmp_path, monkeypatch, run):
    seen = {"training": set(), "validation": set()}
    for kind in seen:
        batches = getattr(data, f"{kind}_batches")

        def spy(*arguments, kind=kind, batches=batches, **named):
            made = batches(*arguments, **named)
            for _, holes in made.take(40):
                seen[kind] |= {hole.numpy().tobytes() for hole in holes}
            return made

        monkeypatch.setattr(f"train.run.{kind}_batches", spy)
    assert main(train(folder, tmp_path, run, 1)) == 0
    config = load_config(run)
    squares = {data.centre_hole(32, share).numpy().tobytes() for share in config.shares}
    if config.irregular:
        assert squares <= seen["training"] and seen["validation"] - squares
    else:
        assert seen["training"] == seen["validation"] == squares
    first, second = (
        [holes.numpy() for _, holes in data.validation_batches(list_photos(folder), 32, 8, 0.5)]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_early_stopping_keeps_the_best_network(folder, tmp_path, monkeypatch):
    """A loss that falls for two epochs and then rises; stopped in the third and resumed."""
    losses = iter([5.0, 3.0, 4.0, 6.0, 7.0])
    measured = Feature2ImageGAN.evaluate
    kept = []

    def evaluate(gan, *arguments, **named):
        kept.append(gan.generator.get_weights())
        logs = measured(gan, *arguments, **named)
        return {**logs, "loss": next(losses)}

    monkeypatch.setattr(Feature2ImageGAN, "evaluate", evaluate)
    config = replace(load_config("paris/feature2image-128"), patience=2)
    monkeypatch.setattr("train.run.load_config", lambda name: config)
    run = "paris/feature2image-128"
    assert main(train(folder, tmp_path, run, 3)) == 0
    assert main(train(folder, tmp_path, run, 9)) == 0
    assert len(kept) == 4, "two validations without a lower loss end the run"
    for name in ("best.keras", "network.keras"):
        for best, ours in zip(kept[1], weights(tmp_path / name), strict=True):
            np.testing.assert_array_equal(ours, best)
    assert any(not np.array_equal(a, b) for a, b in zip(kept[3], kept[1], strict=True))


def test_without_early_stopping_the_last_network_is_kept(folder, runs):
    assert load_config("photo/image2feature").patience is None
    assert not (runs / "g1" / "best.keras").exists()


def test_a_loss_that_is_no_number_stops_the_run(folder, tmp_path, monkeypatch, capsys):
    """At the fourth step, in the second epoch of two steps: the state after the second is kept."""
    whole = Feature2ImageGAN.reconstruction

    def poisoned(gan, batch, training):
        made = whole(gan, batch, training)
        if training:
            broken = tf.equal(gan.optimizer.iterations, 3)
            made.parts["image"] = tf.where(broken, float("nan"), made.parts["image"])
        return made

    arguments = train(folder, tmp_path, "photo/feature2image", 6)
    arguments[arguments.index("--epoch") + 1] = "2"
    with monkeypatch.context() as patch:
        patch.setattr(Feature2ImageGAN, "reconstruction", poisoned)
        assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "step 4: the image loss is not a finite number" in error and "from step 2" in error
    assert error.count("\n") == 1 and len(log(tmp_path)) == 2
    assert main(arguments) == 0, "the last good state is kept and goes on"
    assert all(np.isfinite(weight).all() for weight in weights(tmp_path / "network.keras"))


def test_weights_that_are_no_numbers_are_never_saved(folder, tmp_path, monkeypatch, capsys):
    """A last step of an epoch that breaks a weight after its loss was measured."""
    applied = Feature2ImageGAN.train_step

    def breaking(gan, data):
        logs = applied(gan, data)
        kernel = gan.discriminator.trainable_variables[0]
        kernel.assign(kernel * float("nan"))
        return logs

    monkeypatch.setattr(Feature2ImageGAN, "train_step", breaking)
    assert main(train(folder, tmp_path, "paris/feature2image-128", 1)) == 2
    assert "step 1: a weight of the discriminator is not" in capsys.readouterr().err
    assert tf.train.latest_checkpoint(tmp_path / "checkpoints") is None


def test_fewer_validation_photos_than_devices_are_named(tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "one.png")
    with pytest.raises(Exception, match="2 replicas need as many validation photos"):
        data.validation_batches(list_photos(tmp_path), 32, 8, among=data.Among(0, 1, 2))
