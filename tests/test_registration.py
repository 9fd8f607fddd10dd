"""A saved network loads in a fresh process after `import tfpaint`, whatever was imported before."""

import re
import subprocess
import sys

import pytest

from tests.test_presets import networks
from tfpaint.registration import CLASSES

LOAD = "network = keras.saving.load_model('network.keras'); print(type(network).__module__)"
ORDERS = ("import tfpaint, keras", "import keras, tfpaint", "import tensorflow, tfpaint, keras")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    networks()["image2feature"].save(folder / "network.keras")
    return folder


def run(program, folder):
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("imports", ORDERS)
def test_a_saved_network_loads(saved, root, imports):
    program = f"import sys; sys.path.insert(0, {str(root)!r})\n{imports}\n{LOAD}"
    assert run(program, saved) == "tfpaint.networks.image2feature\n"


@pytest.mark.parametrize("module", ["maps.smooth_fill", "networks.blocks", "patch_swap.swap"])
def test_any_module_may_be_the_first(root, tmp_path, module):
    program = f"import sys; sys.path.insert(0, {str(root)!r}); import tfpaint.{module}, keras\n"
    program += "print(len([one for one in keras.saving.get_custom_objects() if 'tfpaint>' in one]))"
    assert run(program, tmp_path) == f"{sum(map(len, CLASSES.values()))}\n"


def test_every_class_is_listed(root):
    found = {}
    for path in (root / "tfpaint").rglob("*.py"):
        name = ".".join(path.relative_to(root / "tfpaint").with_suffix("").parts)
        classes = re.findall(r"register_keras_serializable\(.*\)\nclass (\w+)", path.read_text())
        if classes:
            found[name] = set(classes)
    assert found == {name: set(classes) for name, classes in CLASSES.items()}
