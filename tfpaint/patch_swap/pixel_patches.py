"""Patches of 7x7 pixels as short vectors, and a search for similar ones that is linear in time."""

import numpy as np
import tensorflow as tf

from tfpaint.maps.traced import traced_once

RADIUS = 3
"""Pixels from the centre of a patch to its edge."""

KEPT = 20  # cosines of a channel that describe a patch, of 49
TEXTURE = 3.0  # weight of the two texture channels beside colours from 0 to 255
NEAR = ((0, 1), (1, 0), (0, -1), (-1, 0))  # the first of equals is chosen: the order tells
AROUND = (*NEAR, (1, 1), (1, -1), (-1, 1), (-1, -1))
_SPARSE = 6  # as many times more pixels than patches: then each patch is read by itself
_CHUNK = 2048  # patches that are compared at once: their candidates stay in the cache
NEVER = 1e12
"""A squared distance that no patches have."""


def with_texture(image: tf.Tensor) -> tf.Tensor:
    """Adds two channels that hold how textured the surroundings are (Newson et al., 2014).

    Args:
        image: float32 (s, s, 3) in [0, 255].

    Returns:
        float32 (s, s, 5): the colours, then the weighted mean absolute differences to the right and
        downwards over 7x7 pixels.
    """
    grey = tf.reduce_mean(image, -1, keepdims=True)[None]
    right = tf.pad(tf.abs(grey[:, :, 1:] - grey[:, :, :-1]), [[0, 0], [0, 0], [0, 1], [0, 0]])
    down = tf.pad(tf.abs(grey[:, 1:] - grey[:, :-1]), [[0, 0], [0, 1], [0, 0], [0, 0]])
    busy = tf.nn.avg_pool2d(tf.concat([right, down], -1), 2 * RADIUS + 1, 1, "SAME")[0]
    return tf.concat([image, TEXTURE * busy], -1)


@traced_once(input_signature=[tf.TensorSpec([None, None, 5])])
def describe(image: tf.Tensor) -> tf.Tensor:
    """The patch around every pixel as its lowest cosines: their distances are nearly the patches'.

    Args:
        image: float32 (h, w, 5), from `with_texture`.

    Returns:
        float32 (h - 6, w - 6, 100).
    """
    filters = tf.tile(_COSINES[:, :, None], [1, 1, image.shape[-1], 1])
    return tf.nn.depthwise_conv2d(image[None], filters, [1, 1, 1, 1], "VALID")[0]


def describe_all(image: tf.Tensor) -> tf.Tensor:
    """As `describe`, around every pixel: (h * w, 100). The map is mirrored beyond its edges."""
    around = [[RADIUS, RADIUS], [RADIUS, RADIUS], [0, 0]]
    return tf.reshape(describe(tf.pad(image, around, "SYMMETRIC")), [-1, 5 * KEPT])


@traced_once(
    hot=True,
    input_signature=[tf.TensorSpec([None, None, 5]), tf.TensorSpec([None], tf.int32)],
)
def describe_at(image: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """As `describe`, but only the patches around `places`.

    Args:
        image: float32 (h, w, 5), from `with_texture`.
        places: int32 (n,), flat, at least `RADIUS` from the edge.

    Returns:
        float32 (n, 100).
    """
    width = tf.shape(image)[1]
    y, x = places // width, places % width
    top, left = tf.reduce_min(y) - RADIUS, tf.reduce_min(x) - RADIUS
    bottom, right = tf.reduce_max(y) + RADIUS + 1, tf.reduce_max(x) + RADIUS + 1
    across = right - left - 2 * RADIUS

    def of_all():
        patches = tf.reshape(describe(image[top:bottom, left:right]), [-1, 5 * KEPT])
        return tf.gather(patches, (y - top - RADIUS) * across + x - left - RADIUS)

    def of_each():
        line = tf.range(-RADIUS, RADIUS + 1)
        inside = tf.reshape(line[:, None] * width + line, [-1])
        pixels = tf.gather(tf.reshape(image, [-1, 5]), places[:, None] + inside)
        pixels = tf.reshape(tf.transpose(pixels, [0, 2, 1]), [-1, tf.size(line) ** 2])
        return tf.reshape(pixels @ tf.reshape(_COSINES, [-1, KEPT]), [-1, 5 * KEPT])

    sparse = _SPARSE * tf.size(places) < (bottom - top) * (right - left)
    return tf.cond(sparse, of_each, of_all)


def _cosines() -> np.ndarray:
    """float32 (7, 7, KEPT): the lowest cosines."""
    n = 2 * RADIUS + 1
    k = np.arange(n)
    norms = np.sqrt(np.where(k == 0, 1, 2)[:, None] / n)
    cosines = np.cos(np.pi * (k + 0.5) * k[:, None] / n) * norms
    order = sorted((i + j, max(i, j), i, j) for i in range(n) for j in range(n))[:KEPT]
    return np.stack([np.outer(cosines[i], cosines[j]) for *_, i, j in order], -1, dtype=np.float32)


_COSINES = _cosines()

# The pixels of a patch, seven by seven, from the centre outwards.
_NEAREST = np.array(
    sorted(
        (np.subtract(place, RADIUS) for place in np.ndindex(7, 7)),
        key=lambda step: np.square(step).sum(),
    ),
    np.int32,
).reshape(7, 7, 2)

PLACES = tf.TensorSpec([None], tf.int32)


@traced_once(
    hot=True,
    input_signature=[
        tf.TensorSpec([None, None]),
        tf.TensorSpec([None, None]),
        tf.TensorSpec([None]),
        PLACES,
        PLACES,
        PLACES,
    ],
)
def search(
    wanted: tf.Tensor,
    sources: tf.Tensor,
    lengths: tf.Tensor,
    answers: tf.Tensor,
    queries: tf.Tensor,
    jumps: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Improves answers by those of the neighbours and by the places beside (PatchMatch).

    Args:
        wanted: float32 (n, K), the descriptors of the patches that ask.
        sources: float32 (s * s, K), the descriptors of the patches around every pixel.
        lengths: float32 (s * s,), the sources' squared lengths, with `NEVER` added where none may
            be, or less where one is less welcome.
        answers: int32 (s * s,), flat source centres, known ones for all queries; -1 elsewhere.
        queries: int32 (n,), flat places of the patches that ask.
        jumps: int32 (j,), pixels to the neighbours whose answers are tried, step by step.

    Returns:
        The answers, and float32 (n,): the squared distances, with what was added to `lengths`, less
        the squared lengths of `wanted`.

    Reference: Barnes et al., "PatchMatch", 2009, with all queries at once in place of scan lines
    and neighbours at several distances in place of random search.
    """
    side = tf.cast(tf.sqrt(tf.cast(tf.size(answers), tf.float32)) + 0.5, tf.int32)
    count = tf.size(queries)

    def step(number, answers, far):
        def compare(first, found, far):
            last = tf.minimum(first + _CHUNK, count)
            best, nearest = _nearest(
                wanted[first:last],
                queries[first:last],
                sources,
                lengths,
                answers,
                jumps[number],
                side,
            )
            return last, tf.concat([found, best], 0), tf.concat([far, nearest], 0)

        anything = tf.TensorShape([None])
        _, found, far = tf.while_loop(
            lambda first, *_: first < count,
            compare,
            (0, tf.zeros([0], tf.int32), tf.zeros([0])),
            shape_invariants=(tf.TensorShape([]), anything, anything),
            parallel_iterations=1,
        )
        return number + 1, tf.tensor_scatter_nd_update(answers, queries[:, None], found), far

    _, answers, far = tf.while_loop(
        lambda number, *_: number < tf.size(jumps),
        step,
        (0, answers, tf.zeros([count])),
        parallel_iterations=1,
    )
    return answers, far


def _nearest(wanted, places, sources, lengths, answers, jump, side):
    """The best of a patch's own answer, its neighbours' ones and those beside, for each patch."""
    (around_y, around_x), (near_y, near_x) = (np.transpose(one) for one in (AROUND, NEAR))

    def moved(theirs, dy, dx, otherwise):
        y, x = theirs // side + dy, theirs % side + dx
        inside = (theirs >= 0) & (y >= 0) & (y < side) & (x >= 0) & (x < side)
        return tf.where(inside, y * side + x, otherwise)

    own = tf.gather(answers, places)[:, None]
    theirs = tf.gather(answers, places[:, None] + (around_y * side + around_x) * jump)
    theirs = moved(theirs, -around_y * jump, -around_x * jump, own)
    candidates = tf.concat([own, theirs, moved(own, near_y, near_x, own)], 1)
    dots = tf.matmul(tf.gather(sources, candidates), wanted[:, :, None])[..., 0]
    distances = tf.gather(lengths, candidates) - 2 * dots
    best = tf.gather(candidates, tf.argmin(distances, 1), batch_dims=1)
    return best, tf.reduce_min(distances, 1)


@traced_once(
    hot=True,
    input_signature=[
        tf.TensorSpec([None, None, 5]),
        PLACES,
        tf.TensorSpec([None]),
        PLACES,
        tf.TensorSpec([]),
    ],
)
def average(
    source: tf.Tensor, answers: tf.Tensor, weights: tf.Tensor, hole: tf.Tensor, narrow: tf.Tensor
) -> tf.Tensor:
    """Paints the hole: each pixel is the mean of what the patches over it bring.

    Args:
        source: float32 (s, s, C).
        answers: int32 (s * s,), as for `search`.
        weights: float32 (s * s,), of the patch around each pixel; 0 where none asks.
        hole: int32 (m,), flat places of the pixels to paint, at least `RADIUS` from the edge.
        narrow: How fast a patch's weight falls with the squared distance from its centre. 0 counts
            all pixels of a patch alike, and blurs. Above 0, the 14 pixels nearest to the centre
            count alone: at 2, which is usual, the others would have a weight of at most e^-10.

    Returns:
        float32 (s, s, C).
    """
    side = tf.shape(source)[1]
    flat = tf.reshape(source, [-1, source.shape[-1]])
    count = tf.shape(hole)[0]
    result, total = tf.zeros([count, source.shape[-1]]), tf.zeros([count, 1])

    def brought(result, total, steps):
        for dy, dx in steps.transpose(0, 2, 1):
            share = tf.exp(-narrow * (dy * dy + dx * dx).astype(np.float32))
            step = dy * side + dx
            result, total = _brought(result, total, flat, answers, weights, hole, step, share)
        return result, total

    result, total = brought(result, total, _NEAREST[:2])
    result, total = tf.cond(
        narrow > 0, lambda: (result, total), lambda: brought(result, total, _NEAREST[2:])
    )
    painted = tf.tensor_scatter_nd_update(flat, hole[:, None], result / tf.maximum(total, 1e-12))
    return tf.reshape(painted, tf.shape(source))


@traced_once(
    input_signature=[
        tf.TensorSpec([None, 5]),
        tf.TensorSpec([None, 1]),
        tf.TensorSpec([None, 5]),
        PLACES,
        tf.TensorSpec([None]),
        PLACES,
        tf.TensorSpec([2 * RADIUS + 1], tf.int32),
        tf.TensorSpec([2 * RADIUS + 1]),
    ]
)
def _brought(result, total, flat, answers, weights, hole, steps, shares):
    """The sums of `average`, with what some of the patches around each pixel bring to it."""
    for step, share in zip(tf.unstack(steps), tf.unstack(shares), strict=True):
        share = share * tf.gather(weights, hole - step)[:, None]
        theirs = tf.maximum(tf.gather(answers, hole - step) + step, 0)
        result, total = result + share * tf.gather(flat, theirs), total + share
    return result, total
