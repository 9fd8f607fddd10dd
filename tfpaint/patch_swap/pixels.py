"""Patch-swap carried on in pixels: the hole is filled with the photo's own, from coarse to fine.

Patch-swap in features decides what belongs where; here it goes on with patches of 7x7 pixels. At
each level, every patch that touches the hole looks for a similar one of the known region, the
overlapping answers are averaged, and this is repeated a few times (Wexler et al., "Space-Time
Completion of Video", 2007). The colours of the coarse fill guide the first level.
"""

import tensorflow as tf

from tfpaint.maps.mask_cells import centre, grow
from tfpaint.maps.traced import traced_once
from tfpaint.patch_swap.pixel_patches import (
    AROUND,
    NEVER,
    PLACES,
    RADIUS,
    average,
    describe_all,
    describe_at,
    search,
    with_texture,
)

SMALLEST = 64
"""Side of the first level in pixels."""

LARGEST = 512
"""Side of the last level that searches. Beyond it, the answers are enlarged."""

ROUNDS = (8, 4, 2, 1)  # of search and average, from the first level on
_JUMPS = ((1, 2, 1, 1), (1, 2), (1, 2), (1,))  # see `search`
_GUIDE = 3.5  # weight of the guide's colours at the first level; a patch's mean has 7
_LOOSE_GUIDE = 2.0
_HANDICAP = 100e3
_PATCHES = 6
_GUIDE_WIDTH = 5  # pixels over which the guide's colours are averaged
_DECAY = 1.3  # trust in a patch falls by this factor a pixel from the hole's boundary inwards
_NARROW = 2.0  # of the last average, see `average`


def first_levels(
    picture: tf.Tensor,
    guide: tf.Tensor,
    missing: tf.Tensor,
    cells: tf.Tensor,
    seed: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The levels up to the side of the picture, beginning with patch-swap's choices in features.

    Args:
        picture: float32 (1, s, s, 3) in [0, 255], s static, the hole filled somehow.
        guide: float32 (1, s, s, 3) in [0, 255], the coarse fill, whose colours are followed.
        missing: float32 (1, s, s, 1), 1 = missing. The hole is what of it lies in the centre square
            of half the side; what is missing elsewhere is not copied.
        cells: int32 (1, c, c), the choices of `tfpaint.match` on features of this picture.
        seed: int32 (). 0 is the best answer; every other number makes other parts of the known
            region less welcome, and so leads to another answer.

    Returns:
        The picture, painted in its hole and `RADIUS` pixels around it, and the answers, int32
        (s * s,), for `next_level`.
    """
    side = picture.shape[1]
    first = side // SMALLEST
    small, gone, colours = (shrink(one, first) for one in (picture, missing, guide))
    gone = tf.cast(gone > 0, tf.float32)
    hole, answers = gone * centre(SMALLEST), _from_cells(cells[0], SMALLEST)
    handicap, weight = _variant(seed)
    painted, answers = level(
        small, gone, hole, answers, colours, weight, handicap, ROUNDS[0], _JUMPS[0]
    )
    for times in [first >> step for step in range(1, first.bit_length())]:
        small, gone = (shrink(one, times) for one in (picture, missing))
        painted, answers = next_level(small, tf.cast(gone > 0, tf.float32), answers)
    return painted, answers


def next_level(
    photo: tf.Tensor, missing: tf.Tensor, answers: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """A level of twice the side of the one before.

    Args:
        photo: float32 (1, s, s, 3) in [0, 255], s static.
        missing: float32 (1, s, s, 1), as for `first_levels`.
        answers: int32 (s * s / 4,), from the level before.

    Returns:
        As for `first_levels`.
    """
    side = photo.shape[1]
    number = (side // SMALLEST).bit_length() - 1
    rounds, jumps = ROUNDS[number], _JUMPS[number]
    answers = upsampled(answers, side)
    hole = missing * centre(side)
    none = tf.zeros([side, side])
    return level(photo, missing, hole, answers, photo, 0.0, none, rounds, jumps)


PICTURE, MASK = tf.TensorSpec([1, None, None, 3]), tf.TensorSpec([1, None, None, 1])
SQUARE = tf.TensorSpec([None, None])


@traced_once(
    input_signature=[
        *(PICTURE, MASK, MASK, PLACES, PICTURE),
        *(tf.TensorSpec([]), SQUARE, tf.TensorSpec([], tf.int32), PLACES),
    ]
)
def level(
    photo: tf.Tensor,
    missing: tf.Tensor,
    hole: tf.Tensor,
    answers: tf.Tensor,
    guide: tf.Tensor,
    weight: tf.Tensor,
    handicap: tf.Tensor,
    rounds: tf.Tensor,
    jumps: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Rounds of search and average at one level: (1, s, s, 3) and the answers (s * s,).

    The guide's colours count by `weight`, and a source is less welcome by its `handicap`, (s, s) in
    squared distance. `rounds` is at least 1.
    """
    known, asks = known_centres(missing), grow(hole, RADIUS)[0, :, :, 0] > 0

    # A function of its own: a loop right in a branch of a condition, with constants such as `jumps`
    # in it, is broken by TensorFlow's optimizer of saved models ("inputs from different frames").
    @traced_once()
    def repeat():
        queries, inside = places_of(asks), places_of(hole[0, :, :, 0] > 0)
        source = with_texture(photo[0])
        sources = describe_all(source)
        allowed = tf.reshape(tf.where(known, handicap, NEVER), [-1])
        lengths = tf.reduce_sum(tf.square(sources), -1) + allowed
        colours = tf.where(hole > 0, guide, photo)
        sources, followed, length = _guided(sources, colours, weight, queries)
        trust = tf.gather(_trust(hole), queries)

        def paint(found, weights, last):
            weights = tf.scatter_nd(queries[:, None], weights, tf.shape(found))
            places = tf.cond(last, lambda: queries, lambda: inside)  # `queries`: and a ring
            return average(source, found, weights, places, tf.where(last, _NARROW, 0.0))

        def once_more(turn, found, painted):
            patches = describe_at(painted, queries)
            wanted = tf.concat([patches, followed], -1)
            found, far = search(wanted, sources, lengths, found, queries, jumps)
            far = tf.maximum(far + tf.reduce_sum(tf.square(patches), -1) + length, 0.0)
            far -= tf.gather(tf.reshape(handicap, [-1]), tf.gather(found, queries))
            scale = tf.sort(far)[tf.shape(far)[0] * 3 // 4] / 2 + 1e-3
            weights = trust * tf.exp(-far / (2 * scale)) + 1e-9
            return turn + 1, found, paint(found, weights, turn == rounds - 1)

        found = _mended(answers, queries, known)
        _, found, painted = tf.while_loop(
            lambda turn, *_: turn < rounds,
            once_more,
            (0, found, paint(found, trust, tf.constant(False))),
            parallel_iterations=1,
        )
        return painted[None, ..., :3], found

    possible = tf.reduce_any(known) & tf.reduce_any(asks)
    return tf.cond(possible, repeat, lambda: (photo, answers))


def _guided(
    sources: tf.Tensor, picture: tf.Tensor, weight: tf.Tensor, queries: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Adds to a squared distance that of the picture's colours, times the square of `weight`.

    Returns:
        The sources' descriptors, with colours and their squared length added; what to add to the
        descriptors of `queries`, so that twice the product is less by that distance, up to a number
        of the query's own; and that number, float32 (n,).
    """

    def guided():
        colours = tf.nn.avg_pool2d(picture - 127.5, _GUIDE_WIDTH, 1, "SAME")
        colours = tf.reshape(colours, [-1, 3])
        squares = tf.reduce_sum(tf.square(colours), -1, keepdims=True)
        share = tf.square(weight)
        half = tf.fill([count, 1], -share / 2)
        wanted = tf.concat([share * tf.gather(colours, queries), half], -1)
        length = share * tf.gather(squares[:, 0], queries)
        return tf.concat([sources, colours, squares], -1), wanted, length

    # No colours where no guide counts, for at 512 px they would copy 100 MB of descriptors.
    count = tf.size(queries)
    nothing = tf.zeros([count, 0]), tf.zeros([count])
    return tf.cond(weight > 0, guided, lambda: (sources, *nothing))


def _variant(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The handicaps of the first level's sources, and the weight of its guide."""
    other = tf.cast(seed != 0, tf.float32)
    noise = tf.random.stateless_uniform(
        [1, _PATCHES, _PATCHES, 1], tf.stack([seed, 0]), alg="philox"
    )
    noise = tf.image.resize(noise, [SMALLEST, SMALLEST])[0, :, :, 0]
    return other * _HANDICAP * noise, _GUIDE - other * (_GUIDE - _LOOSE_GUIDE)


def shrink(picture: tf.Tensor, times: int) -> tf.Tensor:
    return tf.nn.avg_pool2d(picture, times, times, "VALID") if times > 1 else picture


def places_of(flags: tf.Tensor) -> tf.Tensor:
    """The flat indices int32 (n,) of what is true in (s, s)."""
    return tf.cast(tf.where(tf.reshape(flags, [-1]))[:, 0], tf.int32)


def known_centres(missing: tf.Tensor) -> tf.Tensor:
    """bool (s, s): the centres of the patches that are known and wholly inside."""
    inner = tf.ones(tf.shape(missing)[1:3] - 2 * RADIUS, tf.bool)
    return tf.pad(inner, [[RADIUS, RADIUS]] * 2) & (grow(missing, RADIUS)[0, :, :, 0] == 0)


def _trust(hole: tf.Tensor) -> tf.Tensor:
    """How much a patch counts (s * s,): 1 outside the hole, less from pixel to pixel inwards."""
    depth = 1e6 * hole[0, :, :, 0]
    for step in (32, 16, 8, 4, 2, 1):  # sums of some of these reach every pixel
        depth = _reached(depth, tf.constant(step))
    return tf.reshape(_DECAY ** -tf.minimum(depth, 64.0), [-1])


@traced_once(hot=True, input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([], tf.int32)])
def _reached(depth: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """The least of each depth and those `step` pixels beside it, above and below, plus `step`."""
    shape, by = tf.shape(depth), tf.cast(step, tf.float32)
    for around in (
        [[step, 0], [0, 0]],
        [[0, step], [0, 0]],
        [[0, 0], [step, 0]],
        [[0, 0], [0, step]],
    ):
        start = [around[0][1], around[1][1]]
        depth = tf.minimum(depth, tf.slice(tf.pad(depth, around), start, shape) + by)
    return depth


def _from_cells(cells: tf.Tensor, side: int) -> tf.Tensor:
    """What matches of features (c, c) suggest to pixels, int32 (side * side,): -1 for none."""
    count = tf.shape(cells)[0]
    stride = side // count
    line = tf.range(side)
    y, x = line[:, None], line
    own = tf.repeat(tf.repeat(cells, stride, 0), stride, 1)
    v = (own // count - y // stride) * stride + y
    u = (own % count - x // stride) * stride + x
    inside = (own >= 0) & (v >= 0) & (v < side) & (u >= 0) & (u < side)
    return tf.reshape(tf.where(inside, v * side + u, -1), [-1])


def upsampled(answers: tf.Tensor, side: int) -> tf.Tensor:
    """The answers of a level of half the side, doubled: int32 (side * side,), -1 for none."""
    half = side // 2
    line = tf.range(side)
    own = tf.reshape(answers, [half, half])
    own = tf.repeat(tf.repeat(own, 2, 0), 2, 1)
    v, u = own // half * 2 + line[:, None] % 2, own % half * 2 + line % 2
    return tf.reshape(tf.where(own >= 0, v * side + u, -1), [-1])


def _mended(answers: tf.Tensor, queries: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Answers (s * s,) that are known sources for all queries: others continue a neighbour's."""
    side, usable = tf.shape(known)[0], tf.reshape(known, [-1])

    def right(found):
        inside = (found >= 0) & (found < side * side)
        return inside & tf.gather(usable, tf.where(inside, found, 0))

    steps = tf.constant([dy for dy, _ in AROUND]) * side + [dx for _, dx in AROUND]

    def adopt(found):
        grid = tf.scatter_nd(queries[:, None], found + 1, [side * side]) - 1
        theirs = tf.gather(grid, queries[:, None] + steps)  # (n, 8)
        theirs = tf.where(theirs >= 0, theirs - steps, -1)
        usable = right(theirs)
        first = tf.gather(theirs, tf.argmax(usable, 1), batch_dims=1)
        return tf.where((found < 0) & tf.reduce_any(usable, 1), first, found)

    found = tf.gather(answers, queries)
    found = tf.where(right(found), found, -1)
    found = tf.while_loop(
        lambda found: tf.reduce_any(found < 0) & tf.reduce_any(found >= 0),
        lambda found: (adopt(found),),
        (found,),
        maximum_iterations=side,
        parallel_iterations=1,
    )[0]
    found = tf.where(found < 0, tf.argmax(usable, output_type=tf.int32), found)
    return tf.scatter_nd(queries[:, None], found + 1, [side * side]) - 1
