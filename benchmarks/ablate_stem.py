"""The learned stem for ablate_anchor.py: a network that reads pixels in place of statistics.

`train_saliency` trains it as it does the others, on the same kind of crops: in planes that
the others fill with ranks, the stem's say which picture a crop is of and where it lies, and the
network fetches the pixels there.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from classical_scenes import RGB, Scene, labelled_scenes
from numpy.typing import NDArray
from real_scenes import folds_of_sites
from selection_sites import SIDE, SIMULATED_BOATS, Site, data_sets, mosaics
from torch import Tensor
from torch.nn import functional
from train_saliency import COARSER, LEAST_PX, sea_config

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.models.global_stream import GlobalStream
from pdn_geo.ocean import Sea, SeaConfig
from pdn_geo.saliency.filters import (
    Field,
    box_mean,
    local_mean,
    robust_centre_spread,
    subsample,
)
from pdn_geo.saliency.planes import CHANNELS
from pdn_geo.scene import Pixels
from pdn_geo.training.anchors import AnchorExample, coarser, whole_anchor

CELL_PX = 8
"""The stem gives cells of 8 px; examples with wider cells are left out."""
SEAS = 40
"""Of those that `train_saliency.py` trains on: drawing them takes seconds each."""
_NEIGHBOURHOOD = 33  # cells, as `view_sea` has it
_SAMPLE = 50_000
_OUTLIER = 4.0
_PLACE = [CHANNELS.index(f"rank {name}") for name in ("cfar-bright", "cfar-dark", "mean")]
"""Planes that training does not disturb: number of the picture from 1 on, row, column."""
_GAIN = CHANNELS.index("red mean")
"""A plane of ones: what training multiplies statistics by, it multiplies the pixels by."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A scene at full resolution, in whole cells of 8 px.

    pixels: (3, 8 rows, 8 cols), red, green and blue. around: (3, rows, cols) float32, mean of
    the sea around. spread: (3,) of the sea's pixels, infinite where there is no sea, so that
    nothing shows.
    """

    pixels: NDArray
    around: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(
        cls, pixels: NDArray, anchor: GlobalAnchor, water: Field, bands: Sequence[str]
    ) -> "Picture":
        """pixels: (bands, height, width). water: (rows, cols) of the anchor's cells."""
        at = [list(bands).index(band) for band in RGB]
        rows, cols = -pixels.shape[1] % CELL_PX, -pixels.shape[2] % CELL_PX
        whole = np.pad(pixels[at], ((0, 0), (0, rows), (0, cols)), mode="edge")
        sea = (water >= 0.5) & (anchor.valid > 0.5)
        picked = subsample(sea.ravel(), _SAMPLE)
        if not len(picked):
            return cls(whole, np.zeros_like(anchor.mean[at]), np.full(3, np.inf, np.float32))
        around, spread = zip(
            *(_sea(anchor.mean[band], anchor.std[band], sea, picked) for band in at), strict=True
        )
        return cls(whole, np.stack(around), np.array(spread, np.float32))

    def cut(self, row: NDArray[np.intp], col: NDArray[np.intp]) -> NDArray[np.float32]:
        """(3, 8 h, 8 w) in spreads of the sea, turned and mirrored as the cells are whose
        rows and columns are given, both (h, w), h and w at least 2.
        """
        rows, cols = (np.arange(part.min(), part.max() + 1) for part in (row, col))
        around = self.around[:, rows][:, :, cols]
        first = np.s_[:, rows[0] * CELL_PX : (rows[-1] + 1) * CELL_PX]
        seen = self.pixels[first][:, :, cols[0] * CELL_PX : (cols[-1] + 1) * CELL_PX]
        shape = seen.shape
        seen = seen.reshape(3, len(rows), CELL_PX, len(cols), CELL_PX)
        seen = (seen - around[:, :, None, :, None]) / self.spread[:, None, None, None, None]
        seen = seen.reshape(shape)
        if row[0, 0] != row[0, 1]:
            seen = seen.swapaxes(1, 2)
        if row[1, 0] < row[0, 0] or col[1, 0] < col[0, 0]:
            seen = seen[:, ::-1]
        if row[0, 1] < row[0, 0] or col[0, 1] < col[0, 0]:
            seen = seen[:, :, ::-1]
        return seen


def _sea(
    mean: Field, std: Field, sea: NDArray[np.bool_], picked: NDArray[np.intp]
) -> tuple[Field, float]:
    """Of one band: mean of the sea around each cell, as `view_sea` finds it, and the spread
    of its pixels.
    """
    centre, spread = robust_centre_spread(mean.ravel()[picked])
    reach = _OUTLIER * spread + 1e-12
    capped = np.clip(mean, np.float32(centre - reach), np.float32(centre + reach))
    weight = sea.astype(np.float32)
    share = box_mean(weight, _NEIGHBOURHOOD)
    around = local_mean(capped, weight, share, _NEIGHBOURHOOD, centre)
    _, between = robust_centre_spread((mean - around).ravel()[picked])
    within = std.ravel()[picked]
    spread = float(np.hypot(between, np.median(within)))
    return around, spread or float(within.mean()) or 1.0


class Places:
    """What `AnchorExample.planes` are to the stem's network; cut like an array.

    context: (3, rows, cols), the last planes of the others.
    """

    def __init__(self, number: int, context: NDArray[np.float16]) -> None:
        self.shape = (len(CHANNELS), *context.shape[1:])
        self._number, self._context = number, context

    def __getitem__(self, at: tuple[object, slice, slice]) -> NDArray[np.float32]:
        _, rows, cols = at
        context = self._context[:, rows, cols]
        planes = np.zeros((len(CHANNELS), *context.shape[1:]), np.float32)
        planes[_GAIN] = 1
        planes[_PLACE[0]] = self._number + 1
        planes[_PLACE[1]] = np.arange(self.shape[1])[rows, None]
        planes[_PLACE[2]] = np.arange(self.shape[2])[cols]
        planes[-len(context) :] = context
        return planes


class StemStream(GlobalStream):
    """Sees pixels and the context. pictures: those that planes speak of."""

    shown: Tensor

    def __init__(self, context: Sequence[str]) -> None:
        super().__init__(len(CHANNELS), pixel_bands=len(RGB))
        self.pictures: Sequence[Picture] = ()
        shown = torch.tensor([float(channel in context) for channel in CHANNELS])
        self.register_buffer("shown", shown[:, None, None], persistent=False)

    def judge(self, planes: Tensor, pixels: Tensor | None = None) -> dict[str, Tensor]:
        pixels = torch.stack([self._fetched(part) for part in planes[:, _PLACE]])
        weight = planes[:, [_GAIN]] * (planes[:, [CHANNELS.index("valid")]] > 0)
        pixels = torch.asinh(pixels * functional.interpolate(weight, scale_factor=float(CELL_PX)))
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        return super().judge(planes * self.shown, pixels)

    def _fetched(self, place: Tensor) -> Tensor:
        """(3, 8 h, 8 w) of a crop of (h, w) cells, 0 outside the scene."""
        number, row, col = place.numpy().astype(np.intp)
        high, wide = np.count_nonzero(number[:, 0]), np.count_nonzero(number[0])
        picture = self.pictures[number[0, 0] - 1]
        seen = picture.cut(row[:high, :wide], col[:high, :wide])
        fetched = torch.zeros(3, CELL_PX * row.shape[0], CELL_PX * row.shape[1])
        fetched[:, : seen.shape[1], : seen.shape[2]] = torch.from_numpy(seen.copy())
        return fetched


class StemMaterial:
    """Pictures of the training examples and of what is judged, kept in a folder.

    sites: the folder of the mosaics as `selection_sites` keeps them.
    """

    def __init__(self, folder: Path, sites: Path) -> None:
        self._folder, self._sites = folder, sites
        self.pictures: list[Picture] = []

    def of_seas(self, examples: Sequence[AnchorExample]) -> list[AnchorExample]:
        chosen: dict[str, AnchorExample] = {}
        for example in examples:
            chosen.setdefault(example.site, example)  # the first is of 8 px
        chosen = {f"sea/{number}": chosen[f"sea/{number}"] for number in range(SEAS)}
        pictures = self._kept("seas", lambda: map(_picture_of_sea, range(SEAS), chosen.values()))
        return self._placed(chosen.values(), pictures)

    def of_scenes(self, examples: Sequence[AnchorExample]) -> list[AnchorExample]:
        """Of labelled scenes; without those whose cells are of 16 px."""
        pictures = self._kept("real", lambda: _pictures_of_scenes(self._scenes, examples))
        pairs = [(e, p) for e, p in zip(examples, pictures, strict=True) if p is not None]
        chosen, shown = zip(*pairs, strict=True)
        return self._placed(chosen, shown)

    def of_mosaics(self, examples: Sequence[AnchorExample]) -> list[AnchorExample]:
        placed = []
        for title, sites in data_sets(lambda title: "mosaics" in title, self._sites):
            cells = sites[0].anchor.valid.shape
            own = [e for e in examples if e.group == title and e.boats.shape == cells]
            water = [example.water for example in own]
            placed += self._placed(own, self._of_mosaics(title, sites, water))
        return placed

    def of_site(self, site: Site, title: str, water: Field) -> Picture:
        """Of one that is judged."""
        if site.fold is None:
            wind = float(title.split()[1])
            (picture,) = self._kept(title, lambda: [_picture_of_wind(wind, site, water)])
            return picture
        ((_, sites),) = data_sets(lambda other: other == title, self._sites)
        folds = [other.fold for other in sites]
        return self._of_mosaics(title, sites, None)[folds.index(site.fold)]

    def _of_mosaics(
        self, title: str, sites: Sequence[Site], water: Sequence[Field] | None
    ) -> list[Picture]:
        def make() -> Iterator[Picture]:
            assert water is not None, "networks are judged after they were trained"
            made = mosaics(title.split()[0], self._scenes, folds_of_sites())
            for one, site, wet in zip(made, sites, water, strict=True):
                yield Picture.of(one.whole.values, site.anchor, wet, site.bands)

        return self._kept(title, make)

    def _placed(
        self, examples: Iterable[AnchorExample], pictures: Sequence[Picture]
    ) -> list[AnchorExample]:
        first = len(self.pictures)
        self.pictures.extend(pictures)
        return [
            replace(example, planes=Places(first + i, example.planes[-3:]))
            for i, example in enumerate(examples)
        ]

    def _kept(self, name: str, make: Callable[[], Iterable[Picture | None]]) -> list[Any]:
        path = self._folder / f"{name}.pickle"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                pickle.dump(list(make()), file)
            part.rename(path)
        return pickle.loads(path.read_bytes())

    @cached_property
    def _scenes(self) -> list[Scene]:
        return list(labelled_scenes())


def _picture_of_sea(number: int, example: AnchorExample) -> Picture:
    config = sea_config(number)
    whole = Window(col_off=0, row_off=0, width=config.size, height=config.size)
    values = Sea(config).render(whole).values[: len(RGB)]
    return _picture(values, np.ones(values.shape[1:], np.bool_), example.water)


def _picture_of_wind(wind: float, site: Site, water: Field) -> Picture:
    """As `simulated_site` has it."""
    sea = Sea(SeaConfig(size=SIDE, gsd_m=1.0, wind_mps=wind, boats=SIMULATED_BOATS, seed=0))
    whole = Window(col_off=0, row_off=0, width=SIDE, height=SIDE)
    return Picture.of(sea.render(whole).values, site.anchor, water, site.bands)


def _pictures_of_scenes(
    scenes: Iterable[Scene], examples: Sequence[AnchorExample]
) -> Iterator[Picture | None]:
    """Of each example in the order in which `train_saliency.py` makes them; None of those with
    cells of 16 px.
    """
    left = iter(examples)
    for scene in scenes:
        at = [scene.band_names.index(band) for band in RGB]
        own = Pixels(np.where(scene.valid, scene.values, np.float32(0))[at], scene.valid)
        smallest = min(scene.valid.shape)
        factors = [f for f in COARSER.get(scene.collection, ()) if smallest >= f * LEAST_PX]
        for factor in (1, *((None,) if smallest >= 2 * LEAST_PX else ()), *factors):
            example = next(left)
            assert example.site == scene.site, "examples are of other scenes"
            if factor is None:
                yield None
                continue
            pixels = own if factor == 1 else coarser(own, factor)
            yield _picture(_compact(pixels.values), pixels.valid, example.water)


def _picture(values: NDArray, valid: NDArray[np.bool_], water: Field) -> Picture:
    """Of a small scene."""
    anchor = whole_anchor(Pixels(values.astype(np.float32), valid), CELL_PX)
    return Picture.of(values, anchor, water, RGB)


def _compact(values: NDArray[np.float32]) -> NDArray:
    """Rounded: at most half a step of 8 or 16 bits."""
    return np.round(values).astype(np.uint16 if values.max() > 255 else np.uint8)
