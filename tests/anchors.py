"""Anchors made by brute force, and the saliency of a calm sea at 3 m."""

import numpy as np

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.saliency.builder import SaliencyBuilder

STRIDE = 8
RGB = ("red", "green", "blue")


def anchor_of(pixels, *, core=None, offset=(0, 0)) -> GlobalAnchor:
    """Brute-force reduction of (bands, rows, cols); the last cells may be cut."""
    bands, height, width = pixels.shape
    rows, cols = -(-height // STRIDE), -(-width // STRIDE)
    whole = np.full((bands, rows * STRIDE, cols * STRIDE), np.nan, np.float32)
    whole[:, :height, :width] = pixels
    cells = whole.reshape(bands, rows, STRIDE, cols, STRIDE).transpose(0, 1, 3, 2, 4)
    cells = cells.reshape(bands, rows, cols, -1)
    known = np.isfinite(cells)
    count = np.maximum(known.sum(axis=-1), 1)
    zeros = np.where(known, cells, 0)
    mean = zeros.sum(axis=-1) / count
    variance = np.where(known, np.square(cells - mean[..., None]), 0).sum(axis=-1) / count
    some = known.any(axis=-1)
    window = Window(col_off=offset[1], row_off=offset[0], width=cols, height=rows)
    return GlobalAnchor(
        stride=STRIDE,
        window=window,
        core=core or window,
        mean=mean,
        max=np.where(some, np.where(known, cells, -np.inf).max(axis=-1), 0).astype(np.float32),
        min=np.where(some, np.where(known, cells, np.inf).min(axis=-1), 0).astype(np.float32),
        std=np.sqrt(variance),
        valid=known[0].mean(axis=-1).astype(np.float32),
    )


def calm_sea(shape, seed=0):
    rng = np.random.default_rng(seed)
    colour = np.array([28, 40, 42], np.float32)[:, None, None]
    return colour + rng.normal(0, 1.5, (3, *shape)).astype(np.float32)


def saliency_of(pixels, **given):
    shape = pixels.shape[1:]
    builder = SaliencyBuilder(shape, STRIDE, RGB, 3.0)
    builder.add(anchor_of(pixels), **given)
    return builder.finish()


def all_water(pixels):
    return np.ones((-(-pixels.shape[1] // STRIDE), -(-pixels.shape[2] // STRIDE)), np.float32)
