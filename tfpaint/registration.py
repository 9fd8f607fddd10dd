"""Lets Keras load saved networks after `import tfpaint`, which itself loads neither Keras nor them.

As soon as Keras is there, each class is registered by a stand-in, which loads the class itself when
Keras first asks for it. The class then takes the stand-in's place.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

CLASSES = {
    "networks.blocks": ("BatchNormalization", "ResizeConv2D"),
    "networks.discriminators": (
        "FeatureDiscriminator",
        "ImageFeatureDiscriminator",
        "ImagePairDiscriminator",
    ),
    "networks.encoder": ("CaffePreprocessing", "DistilledEncoder", "VGG19Encoder"),
    "networks.feature2image": ("Feature2Image",),
    "networks.image2feature": ("Image2Feature", "MembraneFill"),
    "patch_swap.swap": ("PatchSwap",),
}
"""The classes that are registered with Keras, by their modules."""


def register() -> None:
    """Registers all classes: at once if Keras is loaded, else as soon as it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _register() -> None:
    known = sys.modules["keras"].saving.get_custom_objects()
    for module, names in CLASSES.items():
        for name in names:
            known.setdefault(f"tfpaint>{name}", _stand_in(f"tfpaint.{module}", name))


def _stand_in(module: str, name: str) -> type:
    def from_config(config: dict[str, Any]) -> Any:
        return getattr(import_module(module), name).from_config(config)

    return type(name, (), {"from_config": staticmethod(from_config)})


class _AfterKeras:
    """Finds Keras as Python does, and registers once it has been executed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == "keras" else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            try:
                execute(module)
            except ModuleNotFoundError as error:
                error.add_note(
                    f"Keras is set to a backend without {error.name}; tfpaint needs "
                    "KERAS_BACKEND=tensorflow, in the environment or in ~/.keras/keras.json"
                )
                raise
            sys.meta_path.remove(self)
            _register()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
