"""Smooth fields kept on a coarse periodic lattice and drawn finely where they are wanted."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pdn_geo.geometry import Window

Image = NDArray[np.float32]
Chunks = tuple[tuple[slice, slice, Image], ...]

_CHUNK = 64  # pixels per matrix product: small enough that BLAS starts no threads of its own


@dataclass(frozen=True, slots=True)
class Lattice:
    """Cubic B-spline weights at the nodes, (n, n) float32; a node every `cell` pixels.

    Node (i, j) lies at pixel coordinates (j cell, i cell); the field repeats after n cells.
    """

    weights: Image
    cell: int

    @classmethod
    def through(cls, nodes: NDArray[np.floating], cell: int) -> "Lattice":
        """The lattice whose field takes the values of `nodes` there."""
        n = len(nodes)
        rows, cols = ((2 + np.cos(2 * np.pi * f)) / 3 for f in (scipy.fft.fftfreq(n),
                                                                scipy.fft.rfftfreq(n)))  # fmt: skip
        spectrum = scipy.fft.rfft2(nodes) / (rows[:, None] * cols[None, :])
        return cls(scipy.fft.irfft2(spectrum, s=(n, n)).astype(np.float32), cell)

    @classmethod
    def noise(
        cls, rng: np.random.Generator, *, pixels: int, cell: int, slope: float, longest_px: float
    ) -> "Lattice":
        """Gaussian noise of mean 0 and variance 1 that covers at least `pixels`.

        Its power falls with frequency f as f^-slope and is flat beyond `longest_px`.
        """
        n = scipy.fft.next_fast_len(max(pixels // cell + 8, 24))
        f = scipy.fft.fftfreq(n, d=cell)
        power = (np.hypot(f[:, None], f[None, :]) ** 2 + longest_px**-2.0) ** (-slope / 2)
        power[0, 0] = 0
        white = scipy.fft.fft2(rng.standard_normal((n, n)))
        nodes = scipy.fft.ifft2(white * np.sqrt(power / power.mean())).real
        return cls.through(nodes, cell)

    def draw(self, window: Window, shift: tuple[float, float] = (0.0, 0.0)) -> Image:
        """The field at the window's pixel centres moved by `shift` pixels, (rows, cols)."""
        row0, row_chunks = _taps(window.row_off + shift[1], window.height, self.cell)
        col0, col_chunks = _taps(window.col_off + shift[0], window.width, self.cell)
        n = len(self.weights)
        rows = (row0 + np.arange(row_chunks[-1][1].stop)) % n
        cols = (col0 + np.arange(col_chunks[-1][1].stop)) % n
        nodes = self.weights[np.ix_(rows, cols)]
        tall = np.empty((window.height, len(cols)), np.float32)
        for pixels, taps, weights in row_chunks:
            np.matmul(weights, nodes[taps], out=tall[pixels])
        out = np.empty((window.height, window.width), np.float32)
        for pixels, taps, weights in col_chunks:
            np.matmul(tall[:, taps], weights.T, out=out[:, pixels])
        return out


def _taps(start: float, count: int, cell: int) -> tuple[int, Chunks]:
    """First node that pixel centres from `start` on need, and the chunks of them."""
    first = int(np.floor(start / cell))
    return first - 1, _chunks(start - first * cell, count, cell)


@lru_cache(maxsize=256)
def _chunks(phase: float, count: int, cell: int) -> Chunks:
    """Runs of pixels, the nodes that reach them, and the weights (pixels, nodes) between."""
    position = (phase + np.arange(count) + 0.5) / cell
    node = np.floor(position).astype(int)
    t = position - node
    taps = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t * (1 + t - t**2) + 1, t**3]) / 6
    weights = np.zeros((count, node[-1] + 4), np.float32)
    for offset, tap in enumerate(taps):
        weights[np.arange(count), node + offset] = tap
    chunks = []
    for start in range(0, count, _CHUNK):
        pixels = slice(start, min(start + _CHUNK, count))
        nodes = slice(int(node[start]), int(node[pixels.stop - 1]) + 4)
        chunks.append((pixels, nodes, np.ascontiguousarray(weights[pixels, nodes])))
    return tuple(chunks)
