"""Where in the scene little was searched: its nine parts."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from pdn_geo.grid import PixelGrid
from pdn_geo.report import words

_MAP_WORDS = (("north", "middle", "south"), ("west", "centre", "east"))
_IMAGE_WORDS = (("top", "middle", "bottom"), ("left", "centre", "right"))


def searched_by_sector(
    valid: NDArray[np.bool_], searched: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(3, 3) share of the valid cells that were searched; NaN where nothing is valid.

    valid, searched: (rows, cols).
    """
    shares = np.full((3, 3), np.nan)
    for i, rows in enumerate(np.array_split(np.arange(valid.shape[0]), 3)):
        for j, cols in enumerate(np.array_split(np.arange(valid.shape[1]), 3)):
            here = valid[np.ix_(rows, cols)]
            if here.any():
                shares[i, j] = (searched[np.ix_(rows, cols)] & here).sum() / here.sum()
    return shares


def sector_words(grid: PixelGrid) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What rows and columns are called: by the compass where the scene is north-up."""
    east, north = grid.ground_jacobian(grid.width / 2, grid.height / 2)
    scale = np.hypot(east, north)
    north_up = grid.is_georeferenced and east[0] > 0.9 * scale[0] and -north[1] > 0.9 * scale[1]
    return _MAP_WORDS if north_up else _IMAGE_WORDS


def draw_sectors(shares: NDArray[np.float64], grid: PixelGrid) -> str:
    """A table of three rows and columns, shaded by what was searched."""
    rows, cols = sector_words(grid)
    head = "".join(f'<th scope="col">{escape(col)}</th>' for col in cols)
    body = []
    for row, values in zip(rows, shares.tolist(), strict=True):
        cells = "".join(
            f'<td style="--share:{0 if value != value else value:.3f}">'
            f"{'no data' if value != value else words.percent(value)}</td>"
            for value in values
        )
        body.append(f'<tr><th scope="row">{escape(row)}</th>{cells}</tr>')
    return (
        '<table class="sectors"><caption>Share of each part that was looked at</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
