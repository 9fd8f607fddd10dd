"""Matching and pasting for one window in static shapes, with the choices of the dynamic engines.

On phones and in browsers, lists whose length is found at run time are not available, and loops are
slow. So the queries are always all cells where a hole may be, and each is compared with all
patches. A patch that is not a source gets a large negative score. `tfpaint.patch_swap.products`
explains how the products of cells give those of patches.
"""

import tensorflow as tf

from tfpaint.patch_swap.coherent import SWEEPS
from tfpaint.patch_swap.patches import AROUND, NEIGHBOURS, NO_MATCH, SQUARE

_NEVER = -6e4  # below any score, and within float16, in which exported constants may be stored
_ROWS = 8  # rows of queries scored at once if there are too many for all
_ALL_AT_ONCE = 64  # side in cells, up to which all queries are scored at once


def match(
    queries: tf.Tensor,
    sources: tf.Tensor,
    query_mask: tf.Tensor,
    source_mask: tf.Tensor,
    start: tf.Tensor | None = None,
    coherence: float = 0.0,
) -> tf.Tensor:
    """Makes the choices of `tfpaint.match` for a hole in the centre.

    Args:
        queries: float32 (1, s, s, C), s static and a multiple of 4.
        sources: float32 (1, h', w', C), of static shape.
        query_mask: float32 (1, s, s, 1), 1 where a patch asks for a match. These lie in the centre
            square of side s/2, or next to it.
        source_mask: float32 (1, h', w', 1), 1 where the patch centred there may be chosen.
        start: int32 (s/4 + 2, s/4 + 2), what this function chose on maps of half the size. With it,
            the choices are those of the engine "propagated", else those of "exact".
        coherence: As for `tfpaint.match`.

    Returns:
        int32 (q, q), q = s/2 + 2: the choices for the centre square and the cells next to it, flat
        indices of source centres, or -1 where the mask does not ask or there is no source.
    """
    side = queries.shape[1]
    first, count = side // 4 - 1, side // 2 + 2
    box = slice(first, first + count)
    asks = query_mask[0, box, box, 0]
    valid = tf.pad(source_mask[0, 1:-1, 1:-1, 0], [[1, 1], [1, 1]])
    scales = _inverse(_sums(tf.reduce_sum(tf.square(sources[0]), -1)))
    scores = _scores(queries[0], sources[0], scales, valid, box)  # (q * q, h' * w')
    squares = tf.reduce_sum(tf.square(queries[0]), -1)
    around = tf.pad(squares, [[1, 1], [1, 1]])[first:, first:][: count + 2, : count + 2]
    compare = _judge(scores, _inverse(_sums(around)), valid)
    (top, tall), (left, wide) = _extent(tf.reduce_max(asks, 1)), _extent(tf.reduce_max(asks, 0))
    box = tall[:, None] * wide[None, :] > 0  # the bounding box of the queries
    if start is None:
        found = tf.reshape(tf.argmax(scores, 1, output_type=tf.int32), [count, count])
    else:
        found = _follow(start, compare, box, sources.shape[2])
    if coherence:
        line = tf.range(count)
        odd = (line[:, None] - top + line[None, :] - left) % 2
        found = _agree(found, compare, box, odd, sources.shape[2], coherence)
    return tf.where(asks * tf.reduce_max(valid) > 0, found, NO_MATCH)


def paste(
    indices: tf.Tensor, sources: tf.Tensor, features: tf.Tensor, hole: tf.Tensor, overlap: float
) -> tf.Tensor:
    """Pastes the chosen patches, with the results of `tfpaint.patch_swap.paste`.

    Args:
        indices: int32 (s/2 + 2, s/2 + 2), from `match`.
        sources: float32 (1, h', w', C).
        features: float32 (1, s, s, C).
        hole: float32 (1, s, s, 1), 1 = a cell to write. All of them lie in the centre square.
        overlap: As for `tfpaint.patch_swap.paste`.

    Returns:
        float32 (1, s, s, C).
    """
    half, quarter = features.shape[1] // 2, features.shape[1] // 4
    _, height, width, channels = sources.shape
    cells = tf.reshape(sources, [height * width, channels])
    total, weights = 0.0, 0.0
    for dy, dx in SQUARE:
        centres = tf.reshape(indices[1 - dy :, 1 - dx :][:half, :half], [half * half])
        covers = tf.cast(centres >= 0, tf.float32)[:, None]
        place = tf.where(centres >= 0, centres + dy * width + dx, 0)
        found = tf.gather(cells, place)
        weight = overlap ** (dy * dy + dx * dx) * covers
        total, weights = total + weight * found, weights + weight
    mean = tf.reshape(total / tf.where(weights > 0, weights, 1.0), [1, half, half, channels])
    covered = tf.reshape(tf.cast(weights > 0, tf.float32), [1, half, half, 1])
    margins = [[0, 0], [quarter, quarter], [quarter, quarter], [0, 0]]
    return tf.where(hole * tf.pad(covered, margins) > 0, tf.pad(mean, margins), features)


def _scores(
    queries: tf.Tensor, sources: tf.Tensor, scales: tf.Tensor, valid: tf.Tensor, box: slice
) -> tf.Tensor:
    """Scores of all queries and patches: their cosine times the norm of the query.

    Args:
        queries: float32 (s, s, C).
        sources: float32 (h', w', C).
        scales: float32 (h' - 2, w' - 2), the inverse norms of the patches.
        valid: float32 (h', w'), 1 where the patch centred there is a source.
        box: The range of rows, and of columns, that holds the q x q queries.

    Returns:
        float32 (q * q, h' * w'), the columns being flat indices of patch centres. It is -6e4 where
        the patch is not a source.
    """
    height, width, channels = sources.shape
    count = box.stop - box.start
    sources = tf.reshape(sources, [height * width, channels])
    padded = tf.pad(queries, [[1, 1], [1, 1], [0, 0]])[:, box.start : box.stop + 2]
    rows = count if queries.shape[0] <= _ALL_AT_ONCE else _ROWS
    tiles = []
    for top in range(0, count, rows):
        tall = min(rows, count - top)
        cells = padded[box.start + top :][: tall + 2]
        products = tf.matmul(tf.reshape(cells, [-1, channels]), sources, transpose_b=True)
        products = tf.reshape(products, [tall + 2, count + 2, height, width])
        across = _add(products[:, dx:, :, dx:][:, :count, :, : width - 2] for dx in range(3))
        tile = _add(across[dy:, :, dy:][:tall, :, : height - 2] for dy in range(3))
        tile = tf.pad(tile * scales, [[0, 0], [0, 0], [1, 1], [1, 1]])
        tile = tf.where(valid > 0, tile, _NEVER)
        tiles.append(tf.reshape(tile, [tall * count, height * width]))
    return tiles[0] if len(tiles) == 1 else tf.concat(tiles, 0)


def _judge(scores: tf.Tensor, own_scales: tf.Tensor, valid: tf.Tensor):
    """As `candidates.judge`, but reads the cosines from the scores."""
    count, places = own_scales.shape[0], scores.shape[1]
    flat = tf.reshape(scores, [count * count * places])
    firsts = tf.reshape(tf.range(count * count) * places, [count, count, 1])
    valid = tf.reshape(valid, [places])
    first_source = tf.argmax(valid, output_type=tf.int32)

    def compare(candidates):
        inside = (candidates >= 0) & (candidates < places)
        usable = inside & (tf.gather(valid, tf.where(inside, candidates, 0)) > 0)
        candidates = tf.where(usable, candidates, first_source)
        return candidates, tf.gather(flat, firsts + candidates) * tf.expand_dims(own_scales, -1)

    return compare


def _follow(start, compare, box, width: int) -> tf.Tensor:
    """Makes the choices of `propagated.choose`, without coherence: int32 (q, q).

    It does not call `propagated.upsampled`, because TF.js does not support the shapes used there.
    """
    count, coarse = box.shape[0], start.shape[0]
    around = tf.pad(start, [[1, 1], [1, 1]], constant_values=-1)
    line = tf.range(count)
    odd = (line + 1) % 2  # the square of queries begins at an odd row and column
    guesses = []
    for dy, dx in SQUARE:
        choice = around[1 + dy :, 1 + dx :][:coarse, :coarse]
        y, x = choice // (width // 2) - dy, choice % (width // 2) - dx
        guess = tf.where(choice >= 0, 2 * y * width + 2 * x, -(2 * width + 2))
        guess = tf.repeat(tf.repeat(guess, 2, axis=0), 2, axis=1)[1:, 1:][:count, :count]
        guesses.append(guess + odd[:, None] * width + odd)
    found = tf.where(box, _best(*compare(tf.stack(guesses, -1))), -1)
    candidates = [found, *_suggested(found, NEIGHBOURS, width)]
    candidates += [found + dy * width + dx for dy, dx in NEIGHBOURS]
    return _best(*compare(tf.stack(candidates, -1)))


def _agree(found, compare, box, odd, width: int, coherence: float) -> tf.Tensor:
    """Makes the choices of `coherent.sweeps`, unrolled: int32 (q, q)."""
    found = first = tf.where(box, found, -1)
    for turn in range(2 * SWEEPS):
        suggested = tf.stack(_suggested(found, AROUND, width), -1)  # (q, q, 8)
        candidates = tf.concat([tf.stack([found, first], -1), suggested], -1)  # (q, q, 10)
        candidates, cosines = compare(candidates)
        same = tf.equal(tf.expand_dims(candidates, -1), tf.expand_dims(suggested, -2))
        votes = tf.reduce_sum(tf.cast(same, tf.float32), -1)
        better = _best(candidates, cosines + coherence / 8 * votes)
        found = tf.where(box & tf.equal(odd, turn % 2), better, found)
    return found


def _suggested(found: tf.Tensor, places, width: int) -> list[tf.Tensor]:
    """As `candidates.neighbours`, but a list of int32 (q, q), one for each of the `places`."""
    count = found.shape[0]
    around = tf.pad(found, [[1, 1], [1, 1]], constant_values=-1)
    suggested = []
    for dy, dx in places:
        theirs = around[1 + dy :, 1 + dx :][:count, :count]
        suggested.append(tf.where(theirs < 0, -1, theirs - (dy * width + dx)))
    return suggested


def _best(candidates: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """The candidate of the highest value: (q, q, K) twice -> (q, q).

    It does not use `tf.gather`, because TF.js does not support batch dimensions there.
    """
    best = tf.expand_dims(tf.argmax(values, -1, output_type=tf.int32), -1)
    return tf.reduce_max(tf.where(tf.equal(tf.range(values.shape[-1]), best), candidates, -1), -1)


def _extent(flags: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """For flags (n,): the first index with a 1, and float32 (n,), 1 from the first to the last."""
    line = tf.range(flags.shape[0])
    first = tf.reduce_min(tf.where(flags > 0, line, flags.shape[0]))
    last = tf.reduce_max(tf.where(flags > 0, line, -1))
    return first, tf.cast((line >= first) & (line <= last), tf.float32)


def _sums(squares: tf.Tensor) -> tf.Tensor:
    """Sums over each 3x3 patch that lies inside a map: (h, w) -> (h - 2, w - 2)."""
    height, width = squares.shape[0] - 2, squares.shape[1] - 2
    squares = _add(squares[dy : dy + height] for dy in range(3))
    return _add(squares[:, dx : dx + width] for dx in range(3))


def _inverse(squares: tf.Tensor) -> tf.Tensor:
    """The inverse square root, with 0 for 0."""
    positive = squares > 0
    return tf.where(positive, 1 / tf.sqrt(tf.where(positive, squares, 1.0)), 0.0)


def _add(terms) -> tf.Tensor:
    first, *others = terms
    for term in others:
        first += term
    return first
