"""A learned stem: full resolution, read once, down to the cells of the global anchor."""

from torch import nn

_WIDTHS = (8, 16, 24)


class LearnedStem(nn.Sequential):
    """Three strided convolutions from pixels (B, bands, 8 h, 8 w) to (B, 24, h, w).

    19 billion multiplications per 100 Mpx: what statistics of a cell lose, the shape of a
    hull, may stay.
    """

    channels = _WIDTHS[-1]

    def __init__(self, bands: int) -> None:
        first, second, third = _WIDTHS
        super().__init__(
            nn.Conv2d(bands, first, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(second, third, 3, 2, 1),
            nn.ReLU(),
        )
