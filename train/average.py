"""Averages the weights of two networks: between a run and the run that went on from it.

python -m train average A.keras B.keras --share 0.5 --out C.keras

Where B is A trained further with a discriminator, the average keeps much of its sharpness and
little of its noise: Wang et al. 2018, ESRGAN, section 3.4.
"""

from tfpaint.errors import InputError
from train.config import check_keras, load_network


def add_arguments(parser):
    parser.add_argument("networks", nargs=2, metavar="NETWORK", help="trained network (.keras)")
    parser.add_argument("--share", type=float, default=0.5, help="weight of the second, 0 to 1")
    parser.add_argument("--out", required=True, help="the averaged network (.keras)")


def run(options):
    """Writes the averaged network.

    Raises:
        InputError: networks of two kinds, a share outside 0 to 1, or an `out` that is no .keras.
    """
    check_keras(options.out)
    if not 0 <= options.share <= 1:
        raise InputError(f"--share {options.share}: from 0 to 1")
    first, second = map(load_network, options.networks)
    if first.get_config() != {**second.get_config(), "name": first.name}:
        raise InputError(f"{options.networks[1]}: another network than {options.networks[0]}")
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    first.set_weights([(1 - options.share) * a + options.share * b for a, b in pairs])
    first.save(options.out)
