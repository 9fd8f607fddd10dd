"""Training programs: the pipeline, exact resumption, the paper's configs, presets."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from tests.tiny import photo_folder, save_vgg19
from tests.tiny import train_command as train
from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter
from tfpaint.networks.encoder import DistilledEncoder
from train import data
from train.__main__ import main
from train.config import build, load_config, load_network, load_vgg19
from train.photos import list_photos

HOLE = np.zeros((40, 40), bool)
HOLE[15:25, 12:24] = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photo_folder(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def one_step(folder, tmp_path_factory):
    """The work folder of a run that has ended after a step."""
    work = tmp_path_factory.mktemp("run") / "work"
    assert main(train(folder, work, steps=1)) == 0
    return work


def test_batches_depend_on_the_step_alone(folder):
    photos = list_photos(folder)
    arguments = {"size": 32, "batch": 2, "irregular": 0.5, "shares": (7 / 16, 1 / 2)}
    whole = list(data.training_batches(photos, **arguments).take(6))
    late = list(data.training_batches(photos, start=4, **arguments).take(2))
    for ours, theirs in zip(late, whole[4:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(whole[0][0], whole[1][0])


def test_an_epoch_sees_every_photo_once(tmp_path):
    greys = sorted(range(20, 220, 40))
    for grey in greys:
        Image.new("RGB", (48, 40), (grey,) * 3).save(tmp_path / f"{grey}.png")
    batches = iter(data.training_batches(list_photos(tmp_path), size=32, batch=5))
    for _ in range(3):
        photos, _ = next(batches)
        assert sorted(int(photo[0, 0, 0]) for photo in photos) == greys


def test_holes_lie_in_the_centre_and_vary():
    holes = [data.irregular_hole(64, np.array([i, 7])).numpy() for i in range(12)]
    outside = ~data.centre_hole(64).numpy()
    shares = []
    for hole in holes:
        assert hole.shape == (64, 64, 1) and hole.any() and not (hole & outside).any()
        shares.append(hole.mean())
    assert max(shares) > 2 * min(shares)
    assert data.centre_hole(512, 7 / 16).numpy().sum() == 224**2


def test_missing_folders_are_named(tmp_path, capsys):
    with pytest.raises(InputError, match="nowhere"):
        list_photos(tmp_path / "nowhere")
    code = main(["run", "photo/nothing", "--photos", "x", "--val", "x", "--work", str(tmp_path)])
    assert code == 2
    assert "image2feature, feature2image" in capsys.readouterr().err


def test_a_stopped_run_goes_on_as_if_it_had_not(folder, tmp_path, capsys):
    """Ten steps, against five, a kill in the sixth or later, and the rest."""
    main(train(folder, tmp_path / "whole", "photo/feature2image", 10))

    command = [sys.executable, "-m", "train"]
    command += train(folder, tmp_path / "killed", "photo/feature2image", 10)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len((_log(tmp_path / "killed")).splitlines()) < 6 and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "network.keras").exists()
    assert 6 <= len(_log(tmp_path / "killed").splitlines()) < 11, "five steps, and not all"

    main(train(folder, tmp_path / "killed", "photo/feature2image", 10))
    whole = load_network(tmp_path / "whole" / "network.keras").get_weights()
    killed = load_network(tmp_path / "killed" / "network.keras").get_weights()
    for a, b in zip(whole, killed, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)

    capsys.readouterr()
    main(train(folder, tmp_path / "killed", "photo/feature2image", 10))
    assert "has finished, after 10 steps" in capsys.readouterr().out


def _log(work):
    path = work / "log.csv"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("dataset", ["coco", "imagenet", "paris"])
def test_the_paper_s_configs(dataset):
    configs = [load_config(f"{dataset}/image2feature")]
    configs += [load_config(f"{dataset}/feature2image-{size}") for size in (128, 256, 512)]
    assert [config.size for config in configs] == [128, 128, 256, 512]
    assert all(config.shares == (7 / 16,) and config.irregular == 0 for config in configs)
    photos = [config.steps * config.batch for config in configs]
    assert max(photos) - min(photos) < 16  # as many epochs at every size


def test_the_paper_s_configs_train(folder, tmp_path):
    for run in ("image2feature", "feature2image-128"):
        assert main(train(folder, tmp_path / run, f"coco/{run}", 2)) == 0
        assert (tmp_path / run / "network.keras").exists()


def test_distilling_a_little_trains_a_little(folder, tmp_path):
    save_vgg19(tmp_path / "vgg.npz")
    arguments = ["distill", "--photos", str(folder), "--teacher", str(tmp_path / "vgg.npz")]
    arguments += ["--work", str(tmp_path), "--out", str(tmp_path / "e.keras"), "--steps", "2"]
    arguments += ["--size", "32", "--width", "8", "--depth", "1", "--batch", "2"]
    assert main(arguments) == 0
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2


def test_what_is_no_photo_is_said(folder, tmp_path, capfd):
    (tmp_path / "._hidden.png").write_bytes(b"a Mac's")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert list_photos(tmp_path) == [str(tmp_path / "bad.png")]
    command = train(folder, tmp_path / "work")
    command[command.index("--photos") + 1] = str(tmp_path)
    assert main(command) == 2
    said = capfd.readouterr()
    assert "left out: " in said.out and "bad.png" in said.out
    assert "none of the photos can be used" in said.err


def test_a_folder_that_cannot_be_made_is_named(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert main(train(folder, tmp_path / "file")) == 2
    assert f"{tmp_path / 'file'}: File exists" in capsys.readouterr().err


def test_photos_are_looked_for_before_anything_is_downloaded(folder, tmp_path, capsys, monkeypatch):
    def offline(**_):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG19", offline)
    command = ["run", "photo/image2feature", "--val", str(folder), "--work", str(tmp_path / "w")]
    for photos, message in ((tmp_path / "none", "no such folder"), (folder, "downloaded")):
        assert main([*command, "--photos", str(photos)]) == 2
        assert message in capsys.readouterr().err
    distil = ["distill", "--work", str(tmp_path / "w"), "--out", str(tmp_path / "e.keras")]
    assert main([*distil, "--photos", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--options", '{"overlaps": 1}'], "overlaps"),
        (["--options", '{"scales": ["a"]}'], "scales"),
        (["--options", "[3]"], "--options [3]: "),
        (["--feature2image", "photo", "paper"], "SIZE=FILE"),
    ],
)
def test_presets_that_make_no_sense_are_not_written(tmp_path, capsys, arguments, message):
    common = ["preset", "--encoder", "photo", "--image2feature", "photo"]
    common += ["--out", str(tmp_path / "p"), "--feature2image", "128=photo"]
    assert main([*common, *arguments]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "p").exists()


def test_distil_and_bundle_and_load(folder, tmp_path, shared):
    arguments = ["distill", "--photos", str(folder), "--teacher"]
    arguments += [str(shared / "weights" / "vgg19_relu3_1.npz"), "--work", str(tmp_path)]
    arguments += ["--out", str(tmp_path / "e.keras"), "--steps", "2", "--save-every", "1"]
    arguments += ["--size", "32", "--width", "8", "--depth", "1", "--batch", "2"]
    assert main(arguments) == 0
    features = load_network(tmp_path / "e.keras")(np.zeros((1, 32, 32, 3), np.float32))
    assert features.shape == (1, 8, 8, 256)


def test_early_stopping_survives_a_restart(tmp_path):
    from train.callbacks import Resume

    def resume():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        callback = Resume({"generator": model}, tmp_path, patience=2)
        callback.set_model(model)
        return callback

    first = resume()
    first.on_epoch_end(0, {"val_loss": 1.0})
    first.on_epoch_end(1, {"val_loss": 1.5})
    second = resume()
    assert second.restore() == (2, False)
    second.on_epoch_end(2, {"val_loss": 1.2})
    assert second.model.stop_training
    assert resume().restore() == (3, True)


def test_a_work_folder_holds_one_run(folder, one_step, tmp_path, capsys):
    work = shutil.copytree(one_step, tmp_path / "work")
    for command, message in (
        (train(folder, work, "coco/image2feature"), "run photo/image2feature and not coco/"),
        (train(folder, work, steps=4) + ["--width", "4"], "holds a run of network"),
    ):
        assert main(command) == 2
        assert message in capsys.readouterr().err
    assert main(train(folder, work, steps=2)) == 0
    assert len(_log(work).splitlines()) == 3


def test_a_work_folder_of_another_version_is_named(folder, one_step, tmp_path, capsys):
    work = shutil.copytree(one_step, tmp_path / "work")
    file = work / "config.json"
    config = json.loads(file.read_text())
    older = {key: value for key, value in config.items() if key != "options"}
    blurred = {**config, "options": {**config["options"], "key_blur": 9.0}}
    odd = {**config, "inputs": 3}
    for text, message in (
        (json.dumps(older), "has no 'options', so it is of another version"),
        (json.dumps(blurred), "holds a run of options {'key_blur': 9.0"),
        ('{"run": ', "not the config of a run"),
        ("3", "not the config of a run"),
        (json.dumps(odd), "not the config of a run"),
    ):
        file.write_text(text)
        assert main(train(folder, work, steps=2)) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
        assert file.read_text() == text


def test_checkpoints_of_another_network_are_named(folder, tmp_path, capsys):
    save_vgg19(tmp_path / "vgg.npz")
    arguments = ["distill", "--photos", str(folder), "--teacher", str(tmp_path / "vgg.npz")]
    arguments += ["--work", str(tmp_path), "--out", str(tmp_path / "e.keras"), "--steps", "1"]
    arguments += ["--size", "32", "--depth", "1", "--batch", "2"]
    assert main([*arguments, "--width", "8"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--width", "4"]) == 2
    error = capsys.readouterr().err
    assert "ckpt-1: the checkpoint of another network" in error and error.count("\n") == 1


def test_networks_of_another_kind_are_named(folder, one_step, tmp_path, capsys):
    g1, encoder = str(one_step / "network.keras"), str(folder / "encoder.keras")
    run = train(folder, tmp_path / "g2", "photo/feature2image", 1)
    preset = ["preset", "--out", str(tmp_path / "p"), "--feature2image", "photo"]
    for command, message in (
        (run + ["--image2feature", encoder], "encoder.keras: holds DistilledEncoder"),
        (run + ["--encoder", g1], "network.keras: holds Image2Feature"),
        (run + ["--init-from", g1], "network.keras: holds Image2Feature"),
        ([*preset, "--encoder", g1, "--image2feature", encoder], "network.keras: holds Image2Feat"),
        (["average", g1, g1, "--out", "mean"], "mean: has to end in .keras"),
    ):
        assert main(command) == 2
        assert message in capsys.readouterr().err


def test_networks_on_vgg19_make_a_preset(folder, tmp_path):
    save_vgg19(tmp_path / "vgg.npz")
    vgg = ["--encoder", str(tmp_path / "vgg.npz")]
    networks = []
    for run in ("image2feature", "feature2image-128"):
        assert main(train(folder, tmp_path / run, f"coco/{run}", 1) + vgg) == 0
        networks += [f"--{run.removesuffix('-128')}", str(tmp_path / run / "network.keras")]
    options = ["--options", '{"scales": [32]}', "--out", str(tmp_path / "preset")]
    assert main(["preset", *vgg, *networks, *options]) == 0
    filled = Inpainter.from_preset(tmp_path / "preset")(np.zeros((40, 40, 3), np.uint8), HOLE)
    assert filled.shape == (40, 40, 3)


def test_losses_do_not_depend_on_the_scale_of_vgg19(tmp_path):
    save_vgg19(tmp_path / "vgg.npz")
    with np.load(tmp_path / "vgg.npz") as file:
        arrays = dict(file)
    for name in ("kernel", "bias"):
        arrays[f"block3_conv1/{name}"] = arrays[f"block3_conv1/{name}"] * 60
    np.savez(tmp_path / "large.npz", **arrays)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    small, large = (load_vgg19(tmp_path / name)(image) for name in ("vgg.npz", "large.npz"))
    np.testing.assert_allclose(large, small, rtol=1e-3, atol=1e-5)
    assert 0.2 < np.mean(small) < 5


def test_networks_are_averaged(tmp_path, capsys):
    paths = [str(tmp_path / name) for name in ("a.keras", "b.keras", "c.keras")]
    for seed, path in enumerate(paths[:2]):
        keras.utils.set_random_seed(seed)
        DistilledEncoder(width=8, depth=1, channels=16).save(path)
    assert main(["average", *paths[:2], "--share", "0.25", "--out", paths[2]]) == 0
    weights = [load_network(path).get_weights() for path in paths]
    for a, b, c in zip(*weights, strict=True):
        np.testing.assert_allclose(c, 0.75 * a + 0.25 * b, rtol=1e-5, atol=1e-6)

    DistilledEncoder(width=8, depth=2, channels=16).save(paths[1])
    assert main(["average", *paths[:2], "--out", paths[2]]) == 2
    assert "b.keras: another network" in capsys.readouterr().err


def test_a_run_goes_on_from_a_preset_with_a_critic(folder, tmp_path):
    """Networks that are committed, and nothing else, are enough to train on."""
    save_vgg19(tmp_path / "vgg.npz")
    arguments = [
        *("run", "photo/feature2image-coherent", "--photos", str(folder), "--val", str(folder)),
        *("--encoder", "photo", "--image2feature", "photo", "--init-from", "photo"),
        *("--critic", str(tmp_path / "vgg.npz"), "--work", str(tmp_path / "run")),
        *("--batch", "1", "--steps", "1", "--epoch", "1", "--verbose", "2", "--val-limit", "1"),
    ]
    assert main(arguments) == 0
    bundled = load_network("photo", size=128).get_weights()
    trained = load_network(tmp_path / "run" / "network.keras").get_weights()
    kernels = [(a, b) for a, b in zip(bundled, trained, strict=True) if a.ndim > 1]
    steps = [np.abs(a - b).max() for a, b in kernels]
    assert 0 < max(steps) < 2 * load_config("photo/feature2image-coherent").learning_rate


def test_a_g1_of_another_size_is_named():
    networks = load_network("photo", "encoder"), load_network("photo", "image2feature")
    config = replace(load_config("photo/feature2image-mixture"), size=192)
    with pytest.raises(InputError, match="no multiple of the 128 px"):
        build(config, *networks)


def test_only_networks_and_presets_are_taken(tmp_path):
    (tmp_path / "text.keras").write_text("no network")
    for source in (tmp_path / "text.keras", tmp_path / "missing.keras", "no-such-preset"):
        with pytest.raises(InputError):
            load_network(source)


def test_a_preset_of_several_networks_gives_that_of_the_size():
    small, large = (load_network("photo", size=size).get_weights() for size in (256, 512))
    assert any(not np.array_equal(a, b) for a, b in zip(small, large, strict=True))
    with pytest.raises(InputError, match="several networks"):
        load_network("photo")
