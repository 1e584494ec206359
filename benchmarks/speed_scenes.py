"""Scenes for `speed.py`: one simulated sea in several layouts and sizes, with its truth.

    python benchmarks/speed_scenes.py --folder scenes --side 40K --layout "tiled deflate"

Scenes larger than the sea are VRT mosaics that repeat it, so that 100K needs no 30 GB. What
is in the folder already is used again. Imported without an argument, this costs nothing:
`speed.py` has to stay small.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

BASE = 10240
SIDES = {"2.5K": 0.25, "10K": 1, "20K": 2, "40K": 4, "100K": 10}
"""Sizes by name: how many times the side of the simulated sea."""
WHOLE, SMALL = "10K", "2.5K"

DEFLATE, JPEG, STRIPED = "tiled deflate", "tiled JPEG", "striped deflate"
_BLOCK_PX = 512
_TILES = {"tiled": True, "blockxsize": _BLOCK_PX, "blockysize": _BLOCK_PX}
LAYOUTS = {
    DEFLATE: {**_TILES, "compress": "deflate", "zlevel": 4, "predictor": 2},
    JPEG: {**_TILES, "compress": "jpeg", "jpeg_quality": 85, "photometric": "ycbcr"},
    STRIPED: {"compress": "deflate", "zlevel": 4, "predictor": 2},
}
_BOATS = {WHOLE: 40, SMALL: 10}
_FACTORS = (2, 4, 8, 16, 32)
_GSD_M, _WIND_MPS, _SEED = 1.0, 3, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedScene:
    """A square scene of three bands of 8 bits. side: one of SIDES. layout: one of LAYOUTS.
    base: pixels a side of the simulated sea. folder: where all of them are.
    """

    side: str
    layout: str
    overviews: bool
    base: int
    folder: Path

    @property
    def size(self) -> int:
        """Pixels a side."""
        return round(self.base * SIDES[self.side])

    @property
    def name(self) -> str:
        return f"{self.side}, {self.layout}{', overviews' if self.overviews else ''}"

    @property
    def is_mosaic(self) -> bool:
        return SIDES[self.side] > 1

    @property
    def path(self) -> Path:
        stem = self.name.replace(", ", "-").replace(" ", "-")
        return self._home / f"{stem}{'.vrt' if self.is_mosaic else '.tif'}"

    @property
    def truth(self) -> Path:
        """The same boats in every layout."""
        return self._home / f"{self.side}-{DEFLATE.replace(' ', '-')}.truth.gpkg"

    @property
    def survey(self) -> Path:
        """What `pdn-geo` knows of the scene's water, for a rival that cannot find it out."""
        return self.path.with_suffix(".survey.npz")

    @property
    def _home(self) -> Path:
        return self.folder / str(self.base)


def make(scene: SpeedScene, *, survey: bool) -> None:
    """Write what is missing: the scene, its truth and, if asked, its survey."""
    scene.path.parent.mkdir(parents=True, exist_ok=True)
    if not scene.path.exists() or not scene.truth.exists():
        if scene.is_mosaic:
            _mosaic(scene)
        elif scene.layout == DEFLATE and not scene.overviews:
            _simulate(scene)
        else:
            _translate(scene)
    if survey and not scene.survey.exists():
        _survey(scene)


def _like(scene: SpeedScene, **change: object) -> SpeedScene:
    """The scene with that changed, made if it is not there."""
    from dataclasses import replace

    source = replace(scene, **change)
    make(source, survey=False)
    return source


def _simulate(scene: SpeedScene) -> None:
    from pdn_geo.ocean import SeaConfig, simulate_scene

    sea = SeaConfig(
        size=scene.size,
        gsd_m=_GSD_M,
        wind_mps=_WIND_MPS,
        boats=_BOATS[scene.side],
        seed=_SEED,
    )
    simulate_scene(scene.path, sea)


def _translate(scene: SpeedScene) -> None:
    import rasterio
    import rasterio.shutil
    from rasterio.enums import Resampling

    source = _like(scene, layout=DEFLATE, overviews=False)
    part = scene.path.with_name(f".{scene.path.name}")
    rasterio.shutil.copy(
        source.path, part, driver="GTiff", num_threads="all_cpus", **LAYOUTS[scene.layout]
    )
    if scene.overviews:
        with rasterio.open(part, "r+") as dataset:
            dataset.build_overviews(_FACTORS, Resampling.average)
    part.replace(scene.path)


def _mosaic(scene: SpeedScene) -> None:
    import rasterio

    source = _like(scene, side=WHOLE)
    repeats = scene.size // source.size
    with rasterio.open(source.path) as dataset:
        header = dataset.profile
        colours = [colour.name.capitalize() for colour in dataset.colorinterp]
    root = ElementTree.Element("VRTDataset", _square("raster{}Size", scene.size))
    ElementTree.SubElement(root, "SRS").text = header["crs"].to_wkt()
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(
        map(repr, header["transform"].to_gdal())
    )
    if scene.overviews:
        factors = ElementTree.SubElement(root, "OverviewList", resampling="average")
        factors.text = " ".join(map(str, _FACTORS))
    copies = _copies(source.path, scene.path.with_suffix(""), repeats)
    for number, colour in enumerate(colours, start=1):
        # blocks as in the files, as a scene of that size would have
        band = ElementTree.SubElement(
            root, "VRTRasterBand", _square("block{}Size", _BLOCK_PX), dataType="Byte",
            band=str(number),
        )  # fmt: skip
        ElementTree.SubElement(band, "ColorInterp").text = colour
        for (row, col), path in copies.items():
            entry = ElementTree.SubElement(band, "SimpleSource")
            name = ElementTree.SubElement(entry, "SourceFilename", relativeToVRT="1")
            name.text = path.relative_to(scene.path.parent).as_posix()
            ElementTree.SubElement(entry, "SourceBand").text = str(number)
            for rect, x, y in (("SrcRect", 0, 0), ("DstRect", col, row)):
                ElementTree.SubElement(
                    entry, rect, _square("{}Size", source.size, x="x", y="y"),
                    xOff=str(x * source.size), yOff=str(y * source.size),
                )  # fmt: skip
    if not scene.truth.exists():
        _repeat_truth(source.truth, scene.truth, repeats, source.size * _GSD_M)
    ElementTree.ElementTree(root).write(scene.path)


def _square(name: str, size: int, x: str = "X", y: str = "Y") -> dict[str, str]:
    """The attributes of a size in x and y."""
    return {name.format(axis): str(size) for axis in (x, y)}


def _copies(path: Path, folder: Path, repeats: int) -> dict[tuple[int, int], Path]:
    """The file under as many names, by row and column.

    Under one name GDAL would find the blocks of one repetition in its cache when it comes
    to the next, and a mosaic would be quicker to decode than a scene of that size.
    """
    folder.mkdir(exist_ok=True)
    copies = {
        (row, col): folder / f"{row}-{col}{path.suffix}"
        for row in range(repeats)
        for col in range(repeats)
    }
    for copy in copies.values():
        copy.unlink(missing_ok=True)
        copy.hardlink_to(path)
    return copies


def _repeat_truth(source: Path, path: Path, repeats: int, step_m: float) -> None:
    import numpy as np
    import pyogrio
    import shapely

    meta, _, wkb, _ = pyogrio.raw.read(source, layer="hulls", columns=[])
    hulls = shapely.from_wkb(wkb)
    moved = [
        shapely.transform(hulls, lambda points, by=(col, -row): points + np.multiply(by, step_m))
        for row in range(repeats)
        for col in range(repeats)
    ]
    part = path.with_name(f".{path.name}")
    part.unlink(missing_ok=True)
    pyogrio.raw.write(
        part, shapely.to_wkb(np.concatenate(moved)), field_data=[], fields=[], layer="hulls",
        driver="GPKG", geometry_type="Polygon", crs=meta["crs"],
    )  # fmt: skip
    part.replace(path)


def _survey(scene: SpeedScene) -> None:
    import numpy as np

    from pdn_geo.io import VectorMasks, open_scene
    from pdn_geo.survey import survey

    with open_scene(scene.path) as raster:
        coarse = survey(raster, VectorMasks.read(raster.grid, scene_name=raster.name))
    level = coarse.sea.level
    assert level is not None
    part = scene.survey.with_name(f".{scene.survey.name}")
    np.savez(
        part, mean=coarse.sea.mean, std=coarse.sea.std, water=coarse.saliency.water,
        stride=coarse.saliency.stride, level=level.blocks, level_px=level.block_px,
    )  # fmt: skip
    part.replace(scene.survey)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="1 GB with all of them")
    parser.add_argument("--side", choices=SIDES, default=WHOLE)
    parser.add_argument("--layout", choices=LAYOUTS, default=DEFLATE)
    parser.add_argument("--overviews", action="store_true")
    parser.add_argument("--survey", action="store_true", help="also what SAHI is given")
    parser.add_argument("--base-size", type=int, default=BASE, help=argparse.SUPPRESS)
    options = parser.parse_args()
    scene = SpeedScene(
        side=options.side,
        layout=options.layout,
        overviews=options.overviews,
        base=options.base_size,
        folder=options.folder,
    )
    make(scene, survey=options.survey)


if __name__ == "__main__":
    main()
