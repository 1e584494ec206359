"""Large scenes for ablate_drive.py: pixels, map and features, by networks that never saw them.

Folds are those of the weights "patch", which the saliency networks share.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from classical_scenes import RGB, labelled_scenes
from numpy.typing import NDArray
from patch_folds import folds_of_sites
from saliency_folds import network
from selection_sites import (
    FAMILIES,
    SIDE,
    SIMULATED_BOATS,
    WINDS_MPS,
    Mosaic,
    kept,
    mosaics,
    simulated_site,
)  # fmt: skip

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.drive.greedy import MARGIN_PX
from pdn_geo.drive.tiling import Frame
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io import AnchorReader, plan_anchor
from pdn_geo.models.global_stream import GlobalStream
from pdn_geo.ocean import Sea, SeaConfig
from pdn_geo.saliency import SaliencyBuilder, SaliencyMap
from pdn_geo.saliency.planes import CHANNELS, NetworkPlanes
from pdn_geo.scene import Pixels
from pdn_geo.sea import SeaStatistics

WEIGHTS = "patch"
"""Those whose folds judge, 1 m included: their folds are the saliency networks'."""
TRAINING_SEAS = ((5, 1000), (10, 1001))
"""Wind in m/s and seed: 0 to 9 are for judging."""

Surveyed = tuple[SaliencyMap, SeaStatistics, NDArray[np.float16]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Place:
    """A large scene without its pixels. fold: of the networks that have not seen it; None for
    a sea, which none has. boats: (N, 2) in pixels. features: (G, h, w) per cell of the map, see
    `Surveyor`.
    """

    name: str
    group: str
    fold: int | None
    bands: tuple[str, ...]
    gsd_m: float
    boats: NDArray[np.float64]
    saliency: SaliencyMap
    sea: SeaStatistics
    features: NDArray[np.float16]

    @property
    def frame(self) -> Frame:
        return Frame(height=SIDE, width=SIDE, stride=self.saliency.stride, margin=MARGIN_PX)

    @property
    def hopes(self) -> NDArray[np.float32]:
        """What the map expects per cell, where it may be looked for."""
        known = self.saliency
        return np.where(known.searchable, known.expected_boats, np.float32(0))


class Windowed:
    """A square `Scene` whose pixels are cut or drawn when they are asked for."""

    block_shape = (256, 256)

    def __init__(
        self, name: str, bands: Sequence[str], gsd_m: float, pixels: Callable[[Window], Pixels]
    ) -> None:
        self.name, self.band_names, self.read = name, tuple(bands), pixels
        self.grid = PixelGrid(height=SIDE, width=SIDE, assumed_gsd_m=gsd_m)


class Surveyor:
    """Stands in for the learned saliency in a `SaliencyBuilder`, and keeps on its way what the
    global stream of simulated seas sees: the G channels of which its 256 features are a linear
    law, the same for all folds.
    """

    def __init__(self, fold: int | None, runs: "Runs") -> None:
        self._stream = seas_stream(runs.saliency)
        self._learned = network(fold)

    def expected_boats(self, planes: NetworkPlanes) -> NDArray[np.float32]:
        self._seen = self._trunk(planes)
        return self._learned.expected_boats(planes)

    def survey(
        self, anchors: Iterable[GlobalAnchor], grid: PixelGrid, stride: int, bands: Sequence[str]
    ) -> Surveyed:
        """Map, sea and features (G, h, w) of a scene, as a product run makes the first two."""
        shape = grid.height, grid.width
        builder = SaliencyBuilder(shape, stride, bands, grid.gsd_m, learned=self)
        parts = []
        for anchor in anchors:  # bands of rows, from top to bottom
            builder.add(anchor)
            first = anchor.core.row_off - anchor.window.row_off
            parts.append(self._seen[:, first : first + anchor.core.height])
        return *builder.finish(), np.concatenate(parts, axis=1)

    @torch.inference_mode()
    def _trunk(self, planes: NetworkPlanes) -> NDArray[np.float16]:
        _, rows, cols = planes.shape
        below, beside = (-size % self._stream.backbone.multiple for size in (rows, cols))
        seen = np.pad(planes[:, :, :], ((0, 0), (0, below), (0, beside)))
        x = torch.from_numpy(seen)[None]
        both = torch.cat([self._stream.backbone(x), x], 1)[0, :, :rows, :cols]
        return both.numpy().astype(np.float16)


@dataclass(frozen=True)
class Runs:
    """Where things are kept. saliency: of train_saliency.py and selection.py."""

    folder: Path
    saliency: Path

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What is stored under that name, made and stored first if there is none."""
        path = self.folder / f"{name}.pickle"
        if not path.exists():
            store(path, make())
        return pickle.loads(path.read_bytes())

    def places(self, *, training: bool) -> Iterator[Place]:
        """Mosaics, which are for both, then seas: those to learn from, or those to judge by."""
        for family in FAMILIES:
            for name in self.kept(f"{family} mosaics", lambda f=family: list(self._mosaics(f))):
                yield pickle.loads((self.folder / f"places/{name}.pickle").read_bytes())
        for wind, seed in TRAINING_SEAS if training else [(wind, 0) for wind in WINDS_MPS]:
            name = f"wind {wind} seed {seed}"
            yield self.kept(f"places/{name}", lambda w=wind, s=seed, n=name: self._sea(n, w, s))

    def scene_of(self, place: Place) -> Windowed:
        if place.fold is None:
            _, wind, _, seed = place.name.split()
            return _sea_scene(place.name, int(wind), int(seed))
        values, valid = (
            np.load(self.folder / "pixels" / f"{place.name}{part}.npy", mmap_mode="r")
            for part in ("", " valid")
        )
        return Windowed(place.name, place.bands, place.gsd_m, _cut_from(values, valid))

    def _mosaics(self, family: str) -> Iterator[str]:
        for made in mosaics(family, _scenes(), folds_of_sites(WEIGHTS)):
            name = f"{family} fold {made.fold}"
            store(self.folder / f"places/{name}.pickle", self._mosaic(name, family, made))
            yield name

    def _mosaic(self, name: str, family: str, made: Mosaic) -> Place:
        whole, folder = made.whole, self.folder / "pixels"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{name}.npy", whole.values)
        np.save(folder / f"{name} valid.npy", whole.valid)
        scene = Windowed(name, made.bands, made.gsd_m, _cut_from(whole.values, whole.valid))
        plan = plan_anchor(scene.grid, bands=len(made.bands))
        anchors = AnchorReader(scene, plan, threads=1)
        known = Surveyor(made.fold, self).survey(anchors, scene.grid, plan.stride, made.bands)
        return _place(scene, f"{family} mosaics", made.fold, whole.boats, known)

    def _sea(self, name: str, wind: int, seed: int) -> Place:
        title = f"wind {wind} m per s" + (f" seed {seed}" if seed else "")  # as selection.py does
        path = self.saliency / "sites" / f"{title}.pickle"
        (site,) = kept(path, lambda: [simulated_site(wind, seed=seed)])
        scene, anchor = _sea_scene(name, wind, seed), site.anchor
        known = Surveyor(None, self).survey([anchor], scene.grid, anchor.stride, RGB)
        return _place(scene, f"wind {wind} m/s", None, site.boats, known)


@cache
def seas_stream(saliency: Path) -> GlobalStream:
    """The global stream before it saw a real site."""
    path = saliency / "seas.pt"
    if not path.exists():
        script = Path(__file__).with_name("train_saliency.py")
        subprocess.run([sys.executable, script, "seas", "--runs", saliency], check=True)
    stream = GlobalStream(len(CHANNELS))
    stream.load_state_dict(torch.load(path))
    return stream.eval()


def store(path: Path, value: Any) -> None:
    """Complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_bytes(pickle.dumps(value))
    aside.replace(path)


_scenes = cache(lambda: list(labelled_scenes()))


def _place(
    scene: Windowed, group: str, fold: int | None, boats: NDArray[np.float64], known: Surveyed
) -> Place:
    saliency, sea, features = known
    return Place(
        name=scene.name, group=group, fold=fold, bands=scene.band_names, gsd_m=scene.grid.gsd_m,
        boats=boats, saliency=saliency, sea=sea, features=features,
    )  # fmt: skip


def _sea_scene(name: str, wind: int, seed: int) -> Windowed:
    sea = Sea(SeaConfig(size=SIDE, gsd_m=1.0, wind_mps=wind, boats=SIMULATED_BOATS, seed=seed))

    def drawn(window: Window) -> Pixels:
        values = sea.render(window).values.astype(np.float32)
        return Pixels(values, np.ones(values.shape[1:], np.bool_))

    return Windowed(name, RGB, 1.0, drawn)


def _cut_from(values: NDArray, valid: NDArray[np.bool_]) -> Callable[[Window], Pixels]:
    def cut(window: Window) -> Pixels:
        rows, cols = window.slices
        seen = np.array(valid[rows, cols])
        return Pixels(np.where(seen, values[:, rows, cols], 0).astype(np.float32), seen)

    return cut
