"""EfficientNet-Lite0: the network against numpy, the loading of its weights, and what it sees."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view
from skimage import data

from tfpaint.cli import main
from tfpaint.errors import InputError
from tfpaint.evaluation.efficientnet import EfficientNetLite0, default_weights
from tfpaint.evaluation.perceptual import PerceptualDistance

WEIGHTS = default_weights()
needs_weights = pytest.mark.skipif(
    not WEIGHTS.exists(),
    reason=f"needs {WEIGHTS}: python -m benchmarks.efficientnet_weights makes it",
)
# Expansion, channels, kernel size and stride of each block.
BLOCKS = (
    (1, 16, 3, 1),
    *((6, 24, 3, 2), (6, 24, 3, 1)),
    *((6, 40, 5, 2), (6, 40, 5, 1)),
    *((6, 80, 3, 2), (6, 80, 3, 1), (6, 80, 3, 1)),
    *((6, 112, 5, 1), (6, 112, 5, 1), (6, 112, 5, 1)),
    *((6, 192, 5, 2), (6, 192, 5, 1), (6, 192, 5, 1), (6, 192, 5, 1)),
    (6, 320, 3, 1),
)


def pytorch_arrays():
    """Random weights under the names and in the layouts of the PyTorch checkpoint."""
    random = np.random.default_rng(0)
    arrays = {}

    def add(name, norm, *shape):
        fan_in = np.prod(shape[1:])
        arrays[f"{name}.weight"] = random.normal(0, (2 / fan_in) ** 0.5, shape)
        arrays[f"{norm}.weight"], arrays[f"{norm}.running_var"] = random.uniform(
            0.5, 1.5, (2, shape[0])
        )
        arrays[f"{norm}.bias"], arrays[f"{norm}.running_mean"] = random.normal(
            0, 0.2, (2, shape[0])
        )

    add("_conv_stem", "_bn0", 32, 3, 3, 3)
    before = 32
    for number, (expansion, channels, kernel, _) in enumerate(BLOCKS):
        name, wide = f"_blocks.{number}", before * expansion
        if expansion > 1:
            add(f"{name}._expand_conv", f"{name}._bn0", wide, before, 1, 1)
        add(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, kernel, kernel)
        add(f"{name}._project_conv", f"{name}._bn2", channels, wide, 1, 1)
        before = channels
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def reference_maps(pixels, arrays):
    """The network in numpy: pixels (H, W, 3) from 0 to 255 -> five maps (h, w, C)."""

    def layer(x, name, norm, stride=1, linear=False):
        kernel = arrays[f"{name}.weight"]
        side = kernel.shape[-1]
        totals = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[:2]]
        x = np.pad(x, [*((total // 2, total - total // 2) for total in totals), (0, 0)])
        windows = sliding_window_view(x, (side, side), (0, 1))[::stride, ::stride]
        if "depthwise" in name:
            x = np.einsum("hwcyx,cyx->hwc", windows, kernel[:, 0])
        else:
            x = np.einsum("hwcyx,ocyx->hwo", windows, kernel, optimize=True)
        deviation = np.sqrt(arrays[f"{norm}.running_var"] + 1e-3)
        x = (x - arrays[f"{norm}.running_mean"]) / deviation
        x = x * arrays[f"{norm}.weight"] + arrays[f"{norm}.bias"]
        return x if linear else np.clip(x, 0, 6)

    x = layer((pixels - 127.0) / 128, "_conv_stem", "_bn0", 2)
    maps = []
    for number, (expansion, channels, _, stride) in enumerate(BLOCKS):
        if stride == 2:
            maps.append(x)
        name, before = f"_blocks.{number}", x
        if expansion > 1:
            x = layer(x, f"{name}._expand_conv", f"{name}._bn0")
        x = layer(x, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        x = layer(x, f"{name}._project_conv", f"{name}._bn2", linear=True)
        if stride == 1 and before.shape[-1] == channels:
            x = x + before
    return [*maps, x]


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    file = tmp_path_factory.mktemp("cache") / "tfpaint" / "efficientnet_lite0.npz"
    file.parent.mkdir()
    np.savez(file, **pytorch_arrays(), **{"_fc.bias": np.zeros(1000, np.float32)})
    return file


def test_the_maps_are_those_of_the_published_architecture(random_weights):
    pixels = data.astronaut()[100:165, 150:250]  # sides that no stride divides
    network = EfficientNetLite0().load(random_weights)
    maps = network(pixels[None].astype(np.float32) / 127.5 - 1)
    shapes = [(33, 50, 16), (17, 25, 24), (9, 13, 40), (5, 7, 112), (3, 4, 320)]
    assert [tuple(one.shape[1:]) for one in maps] == shapes
    expected = reference_maps(pixels, pytorch_arrays())
    for one, other in zip(maps, expected, strict=True):
        assert other.std() > 0.1
        np.testing.assert_allclose(one[0], other, atol=1e-4 * np.abs(other).max())
    assert not network.trainable_weights


def test_weights_are_found_in_the_users_cache(random_weights, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(random_weights.parents[1]))
    assert default_weights() == random_weights
    one, other = (EfficientNetLite0().load(file).get_weights() for file in (None, random_weights))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
    arguments = ["evaluate", "--methods", "mean", "--size", "32", "--limit", "1", "--efficientnet"]
    assert main(arguments) == 0
    assert "| EfficientNet |" in capsys.readouterr().out


def test_missing_weights_are_one_line_that_says_how_to_make_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["evaluate", "--methods", "mean", "--size", "32", "--efficientnet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "tfpaint/efficientnet_lite0.npz: EfficientNet-Lite0's weights are missing" in line
    assert line.endswith("python -m benchmarks.efficientnet_weights")
    with pytest.raises(InputError, match="efficientnet_weights --out .*none.npz"):
        PerceptualDistance.efficientnet(tmp_path / "none.npz")


class Hostile:
    def __reduce__(self):
        return pytest.fail, ("a pickle in the file was executed",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_blocks.7._bn2.bias": None}, "_blocks.7._bn2.bias"),
        ({"_conv_stem.weight": np.zeros((32, 3, 5, 5), np.float32)}, r"\(5, 5, 3, 32\)"),
        ({"_bn0.bias": np.zeros(32)}, "float64"),
        ({"_bn0.bias": np.array([Hostile()] * 32)}, "allow_pickle"),
    ],
)
def test_a_file_with_other_arrays_is_refused(change, message, tmp_path):
    arrays = {**pytorch_arrays(), **change}
    file = tmp_path / "other.npz"
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
    keras.utils.set_random_seed(1)
    network = EfficientNetLite0()
    before = network.get_weights()
    with pytest.raises(InputError, match=f"other.npz: not EfficientNet-Lite0's.*{message}"):
        network.load(file)
    assert all((a == b).all() for a, b in zip(network.get_weights(), before, strict=True))


def test_a_file_of_another_format_is_refused(random_weights, tmp_path):
    whole = random_weights.read_bytes()
    for content in (b"", b"\x80\x02nonsense", whole[: len(whole) // 2]):
        (tmp_path / "weights.npz").write_bytes(content)
        with pytest.raises(InputError, match="weights.npz: not EfficientNet-Lite0's weights"):
            EfficientNetLite0().load(tmp_path / "weights.npz")
    np.save(tmp_path / "one.npy", np.zeros(3, np.float32))
    for path in (tmp_path / "one.npy", tmp_path):
        with pytest.raises(InputError, match="not EfficientNet-Lite0's weights"):
            EfficientNetLite0().load(path)


@needs_weights
@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", {281, 282, 285}), ("coffee", {967, 968})],  # cats; espresso and cup
)
def test_it_tells_a_cat_from_a_coffee(name, classes):
    """The classifier, which the network here leaves out, is written out in numpy."""
    photo = getattr(data, name)()
    image = tf.image.resize(photo[:, -photo.shape[0] - 50 :][:, : photo.shape[0]], (224, 224))
    *_, last = EfficientNetLite0().load(WEIGHTS)(image[None] / 127.5 - 1.0)
    with np.load(WEIGHTS) as a:
        head = last.numpy() @ a["_conv_head.weight"][:, :, 0, 0].T
        head = (head - a["_bn1.running_mean"]) / np.sqrt(a["_bn1.running_var"] + 1e-3)
        head = np.clip(head * a["_bn1.weight"] + a["_bn1.bias"], 0, 6).mean((0, 1, 2))
        assert np.argmax(a["_fc.weight"] @ head + a["_fc.bias"]) in classes


@needs_weights
def test_the_distance_grows_with_the_damage():
    photo = data.astronaut()[100:165, 150:250]  # sides that no stride divides
    mask = np.zeros(photo.shape[:2], bool)
    mask[20:40, 30:60] = True
    noise = np.random.default_rng(0).integers(-30, 31, photo.shape)
    slightly, badly = (
        np.where(mask[..., None], np.clip(photo + k * noise, 0, 255), photo).astype(np.uint8)
        for k in (0.3, 3)
    )
    distance = PerceptualDistance.efficientnet(WEIGHTS)
    same, near, far = distance([photo, slightly, badly], photo, mask)
    assert same == 0 < near < far / 2
