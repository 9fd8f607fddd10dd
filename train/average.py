"""Averages the weights of two networks: of a run, and of a run that began with its network.

python -m train average A.keras B.keras --share 0.5 --out C.keras

If B is A trained further, with a discriminator, the average keeps much of B's sharpness and little
of its noise: Wang et al. 2018, ESRGAN, section 3.4.
"""

import argparse

from tfpaint.errors import InputError
from train.config import check_keras, load_network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m train average`."""
    parser.add_argument("networks", nargs=2, metavar="NETWORK", help="trained network (.keras)")
    parser.add_argument("--share", type=float, default=0.5, help="weight of the second, 0 to 1")
    parser.add_argument("--out", required=True, help="the averaged network (.keras)")


def run(options: argparse.Namespace) -> None:
    """Writes the averaged network.

    Raises:
        InputError: The networks differ, the share is not from 0 to 1, or `out` is no .keras file.
    """
    check_keras(options.out)
    if not 0 <= options.share <= 1:
        raise InputError(f"--share {options.share}: has to be from 0 to 1")
    first, second = map(load_network, options.networks)
    if first.get_config() != {**second.get_config(), "name": first.name}:
        raise InputError(f"{options.networks[1]}: another network than {options.networks[0]}")
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    first.set_weights([(1 - options.share) * a + options.share * b for a, b in pairs])
    first.save(options.out)
