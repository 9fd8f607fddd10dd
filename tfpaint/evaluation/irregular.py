"""Irregular holes, as people paint them: strokes and blobs."""

import os
import zlib

import numpy as np

SMALLEST, LARGEST = 0.06, 0.3  # the hole's share of the square


def irregular_hole(name: str, size: int, seed: int = 0) -> np.ndarray:
    """One to four strokes with bends, or one to three blobs, drawn at random.

    The hole is that of the name and the seed, whatever other photos there are, and is drawn in
    proportion to the size.

    Args:
        name: The photo's name.
        size: Side of the square, in pixels.
        seed: Other seeds give other holes; 0 or more.

    Returns:
        bool (size, size), True = missing: from 6 to 30 % of it.
    """
    rng = np.random.default_rng([seed, zlib.crc32(os.fsencode(name))])
    axis = (np.arange(size) + 0.5) / size
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)  # (size, size, 2) in 0 to 1
    while True:
        draw, most = (_stroke, 4) if rng.random() < 0.5 else (_blob, 3)
        shapes = [draw(points, rng) for _ in range(rng.integers(1, most + 1))]
        hole = np.any(shapes, axis=0)
        if SMALLEST <= hole.mean() <= LARGEST:
            return hole


def chosen(name: str, share: float, seed: int = 0) -> bool:
    """Whether a photo is among the share, 0 to 1, of those with irregular holes."""
    return bool(np.random.default_rng([seed, zlib.crc32(os.fsencode(name)), 1]).random() < share)


def _stroke(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line of three to six pieces with round joints: (H, W, 2) -> bool (H, W)."""
    radius = rng.uniform(0.015, 0.06)
    end, angle = rng.uniform(0.1, 0.9, 2), rng.uniform(0, 2 * np.pi)
    painted = np.zeros(points.shape[:2], bool)
    for _ in range(rng.integers(3, 7)):
        start, angle = end, angle + rng.normal(0, 0.6)
        along = rng.uniform(0.08, 0.2) * np.array([np.sin(angle), np.cos(angle)])
        end = np.clip(start + along, 0, 1)
        along = end - start
        t = np.clip((points - start) @ along / (float(along @ along) + 1e-9), 0, 1)
        painted |= np.linalg.norm(points - start - t[..., None] * along, axis=-1) < radius
    return painted


def _blob(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A disc with a wavy edge: (H, W, 2) -> bool (H, W)."""
    y, x = np.moveaxis(points - rng.uniform(0.2, 0.8, 2), -1, 0)
    angle, radius = np.arctan2(y, x), np.ones(x.shape)
    for waves in range(2, 6):
        radius += rng.uniform(0, 0.5 / waves) * np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
    return np.hypot(y, x) < rng.uniform(0.1, 0.22) * radius
