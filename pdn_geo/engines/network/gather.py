"""Patches of a resident scene, by index: what `inputs` makes on the host, on the device."""

import torch
from torch import Tensor

from pdn_geo.engines.network.inputs import (
    CHANNELS,
    COLOURS,
    KNEE,
    LEAST_LEVEL,
    LEAST_STATE,
    MOST_STATE,
    NEEDED,
)
from pdn_geo.engines.network.resident import ResidentScene, numbers
from pdn_geo.saliency import SaliencyMap
from pdn_geo.sea import SeaLevel, SeaStatistics


class Gather:
    """The network's inputs for windows of one scene.

    scene: on the device. saliency: where to search and how surely there is water; copied
    to the device. sea: of the scene. Nothing but constructing one waits for the device.
    """

    def __init__(self, scene: ResidentScene, saliency: SaliencyMap, sea: SeaStatistics) -> None:
        device = scene.values.device
        names = list(scene.band_names)
        self._scene = scene
        self._stride = saliency.stride
        self._water = torch.from_numpy(saliency.water).to(device)
        self._searchable = torch.from_numpy(saliency.searchable).to(device)
        # Numbers of the host: they go along with each launch.
        self._bands = {
            colour: (band, float(sea.std[band]))
            for colour in COLOURS
            if colour in names
            for band in [names.index(colour)]
        }
        level = sea.level or SeaLevel(sea.mean[:, None, None], block_px=1)
        self._block_px = level.block_px
        self._blocks = torch.from_numpy(level.blocks).to(device)

    def __call__(self, windows: Tensor, gsd: Tensor, shape: tuple[int, int]) -> Tensor:
        """(N, 9, *shape) float32 in the order of CHANNELS, channels last in memory.

        windows: (N, 4) int64, first row, first column, height and width, inside the scene
        and not larger than `shape`; gsd: (N,) float32, the channel of that name. Both on
        the device. Where a window ends before `shape` does, all channels are 0, as where
        pixels are not valid; a window of no height is all 0.
        """
        device = windows.device
        top, left, height, width = windows[:, :, None].unbind(1)  # (N, 1) each
        down = torch.arange(shape[0], device=device)
        across = torch.arange(shape[1], device=device)
        rows, cols = (top + down)[:, :, None], (left + across)[:, None, :]  # (N, h, 1), (N, 1, w)
        inside = (down < height)[:, :, None] & (across < width)[:, None, :]
        valid = inside & self.is_valid(rows, cols)
        rows, cols = self._clamped(rows, cols)
        constants = {
            "valid": 1.0,
            "has_nir": float("nir" in self._bands),
            **{colour: 0.0 for colour in COLOURS if colour not in self._bands},
        }
        planes = {name: torch.full_like(valid, value, dtype=torch.float32)
                  for name, value in constants.items()}  # fmt: skip
        roughness = torch.zeros_like(valid, dtype=torch.float32)
        for colour, (band, spread) in self._bands.items():
            level = self._level(band, rows, cols)
            contrast = numbers(self._scene.values[band][rows, cols]) - level
            planes[colour] = torch.asinh(contrast / (KNEE * spread)) * (1 / KNEE)
            if colour in NEEDED:
                roughness += spread / level.abs().clamp(min=LEAST_LEVEL)
        roughness = (roughness / len(NEEDED)).clamp(LEAST_STATE, MOST_STATE)
        planes["sea_state"] = roughness.log() / 2
        planes["water"] = self._water[rows // self._stride, cols // self._stride].float()
        planes["gsd"] = gsd[:, None, None].expand_as(valid)
        stacked = torch.stack([planes[name] for name in CHANNELS], dim=-1)
        return stacked.masked_fill_(~valid[..., None], 0.0).permute(0, 3, 1, 2)

    def is_valid(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Whether pixels hold data that are to be searched; those outside the scene are
        taken for the nearest inside. rows, cols: int64, of shapes that go together.
        """
        rows, cols = self._clamped(rows, cols)
        searchable = self._searchable[rows // self._stride, cols // self._stride]
        return self._scene.valid[rows, cols] & searchable

    def _level(self, band: int, rows: Tensor, cols: Tensor) -> Tensor:
        """As `SeaLevel.at`."""
        blocks = self._blocks[band]
        (up, down, low), (left, right, far) = (
            self._between(at, count) for at, count in zip((rows, cols), blocks.shape, strict=True)
        )
        above = torch.lerp(blocks[up, left], blocks[up, right], far)
        below = torch.lerp(blocks[down, left], blocks[down, right], far)
        return torch.lerp(above, below, low)

    def _between(self, at: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The blocks before and after each place of an axis, and how far between them it is."""
        place = ((at.float() + 0.5) / self._block_px - 0.5).clamp(0, count - 1)
        before = place.floor()
        first = before.long()
        return first, (first + 1).clamp(max=count - 1), place - before

    def _clamped(self, rows: Tensor, cols: Tensor) -> tuple[Tensor, Tensor]:
        grid = self._scene.grid
        return rows.clamp(0, grid.height - 1), cols.clamp(0, grid.width - 1)
