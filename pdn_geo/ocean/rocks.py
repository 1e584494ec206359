"""Rocks awash: dark bodies in rings of foam, which stay where they are between bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.texture import Textures

Image = NDArray[np.float32]

_SWING = 0.25  # change of a ring's brightness while a wave passes
_WAVE_S = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rock:
    """One rock; metres in pixel axes. foam: brightness of its ring, 0 to 1."""

    x: float
    y: float
    radius_m: float
    foam: float
    phase: float

    @property
    def reach_m(self) -> float:
        """Radius that holds the rock and its foam."""
        return 3.2 * self.radius_m + 1


def paint_rocks(
    image: Image,
    band: int,
    window: Window,
    rocks: Sequence[Rock],
    textures: Textures,
    *,
    gsd_m: float,
    seconds: float,
    colours: tuple[float, float],
) -> None:
    """Draw foam and bodies onto one band (rows, cols) in place; colours: of rock and foam."""
    for rock in rocks:
        low = np.array([rock.x - rock.reach_m, rock.y - rock.reach_m]) // gsd_m
        side = int(np.ceil(2 * rock.reach_m / gsd_m)) + 2
        box = Window(col_off=int(low[0]), row_off=int(low[1]), width=side, height=side)
        near = box.intersection(window)
        if near is None:
            continue
        rows = slice(near.row_off - window.row_off, near.row_end - window.row_off)
        cols = slice(near.col_off - window.col_off, near.col_end - window.col_off)
        x = (np.arange(near.col_off, near.col_end) + 0.5) * gsd_m - rock.x
        y = (np.arange(near.row_off, near.row_end) + 0.5) * gsd_m - rock.y
        off = np.hypot(x[None, :], y[:, None]).astype(np.float32)
        rough = textures.draw("rough", near, 11)
        off = off * (1 + np.float32(0.25) * rough)
        ring = np.exp(-np.square((off / np.float32(rock.radius_m) - 1.1) * np.float32(1.3)))
        ring *= np.clip(0.5 + rough, 0, 1)
        swing = 1 + _SWING * np.sin(2 * np.pi * seconds / _WAVE_S + rock.phase)
        body = np.clip((np.float32(rock.radius_m) - off) / np.float32(gsd_m) + 0.5, 0, 1)
        small = min(1.0, 2 * rock.radius_m / gsd_m)  # of the pixel that holds all of it
        part = image[rows, cols]
        part += ring * np.float32(min(rock.foam * swing, 1.0)) * (np.float32(colours[1]) - part)
        stone = np.float32(colours[0]) * np.clip(1 + np.float32(0.5) * rough, 0.3, 2.5)
        part += body * np.float32(small) * (stone - part)
