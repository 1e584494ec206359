"""How many labelled boats does the drive look at? Selection recall by prior and budget.

    python benchmarks/selection.py [--data FOLDER] [--stride 8]

Prints one markdown table a data set: the share of boats whose centre lies in a look when
5, 10 and 20 % of the scene's pixels may be read, for each prior alone and together, for
anchors that keep only the mean or only the maximum of a cell, and between two marks: a
random order over the same water, and an oracle that knows where the boats are.
Boats of confidence 1 and those inside ignore areas do not count. Three simulated seas of
4096 px at 1 m follow, with whitecaps by wind.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.drive.budget import SMALLEST, Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.geometry import Window
from pdn_geo.io import open_scene
from pdn_geo.ocean import SeaConfig, simulate_scene
from pdn_geo.saliency.builder import DEFAULT_PRIORS, SaliencyBuilder
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.memory_bank import MemoryBank

DATA = Path(os.environ.get("PDN_GEO_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHARES = (0.05, 0.10, 0.20)
SETS = {
    "planet_california": ("*.jpg", 3.0),
    "sentinel2_ports": ("*.tif", 8.3),
    "naip_coast/boats": ("*.png", 1.0),
}
WINDS_MPS = (3, 8, 13)
FIVE_BANDS = ("blue", "green", "red", "nir", "swir")


@dataclass
class Site:
    name: str
    shape: tuple[int, int]
    bands: tuple[str, ...]
    gsd_m: float
    anchor: GlobalAnchor
    boats: np.ndarray  # (N, 2), x and y


def read_pixels(path: Path) -> np.ndarray:
    """(bands, rows, cols) float32, palettes expanded."""
    with rasterio.open(path) as source:
        pixels = source.read()
        if source.colorinterp[0] == rasterio.enums.ColorInterp.palette:
            table = np.zeros((256, 3), np.uint8)
            for index, colour in source.colormap(1).items():
                table[index] = colour[:3]
            pixels = np.moveaxis(table[pixels[0]], -1, 0)
    return pixels.astype(np.float32)


def reduce(pixels: np.ndarray, stride: int) -> GlobalAnchor:
    """Cell statistics by brute force."""
    bands, height, width = pixels.shape
    rows, cols = -(-height // stride), -(-width // stride)
    whole = np.full((bands, rows * stride, cols * stride), np.nan, np.float32)
    whole[:, :height, :width] = pixels
    cells = whole.reshape(bands, rows, stride, cols, stride).swapaxes(2, 3)
    cells = cells.reshape(bands, rows, cols, stride * stride)
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    return GlobalAnchor(
        stride=stride,
        window=window,
        core=window,
        mean=np.nanmean(cells, axis=-1),
        max=np.nanmax(cells, axis=-1),
        min=np.nanmin(cells, axis=-1),
        std=np.nanstd(cells, axis=-1),
        valid=np.isfinite(cells[0]).mean(axis=-1).astype(np.float32),
    )


def read_boats(path: Path) -> np.ndarray:
    features = json.loads(path.read_text())["features"]
    kinds = [(f["properties"].get("kind"), f) for f in features]
    ignored = [shapely.from_geojson(json.dumps(f["geometry"])) for k, f in kinds if k == "ignore"]
    boats = [
        np.mean(f["geometry"]["coordinates"], axis=0)
        for k, f in kinds
        if k == "vessel" and f["properties"]["confidence"] > 1
    ]
    kept = [b for b in boats if not any(area.contains(shapely.Point(b)) for area in ignored)]
    return np.reshape(kept, (-1, 2))


def sites(folder: Path, pattern: str, gsd_m: float, stride: int) -> Iterator[Site]:
    for path in sorted(folder.glob(pattern)):
        pixels = read_pixels(path)
        bands = FIVE_BANDS if len(pixels) == 5 else ("red", "green", "blue")[: len(pixels)]
        if len(pixels) == 1:
            bands = ("gray",)
        anchor = reduce(pixels, stride)
        boats = read_boats(path.with_suffix(".hulls.geojson"))
        yield Site(path.stem, pixels.shape[1:], bands, gsd_m, anchor, boats)


def simulated_site(wind: int, stride: int) -> Site:
    """24 boats on 4.1 x 4.1 km; seeds apart from those of docs/results.md."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sea.tif"
        config = SeaConfig(size=4096, gsd_m=1.0, wind_mps=wind, boats=24, seed=100 + wind)
        simulate_scene(path, config)
        with open_scene(path) as scene:
            hulls = pyogrio.read_dataframe(path.with_suffix(".truth.gpkg"), layer="hulls")
            centres = hulls.geometry.centroid
            boats = np.stack(scene.grid.to_pixel(centres.x, centres.y), axis=1)
        anchor = reduce(read_pixels(path), stride)
    return Site(f"wind {wind}", (4096, 4096), ("red", "green", "blue"), 1.0, anchor, boats)


def saliency(site: Site, priors=DEFAULT_PRIORS, keep: str = "all") -> SaliencyMap:
    """`keep`: the one statistic that the priors may see; the water mask sees all."""
    builder = SaliencyBuilder(site.shape, site.anchor.stride, site.bands, site.gsd_m, priors=priors)
    if keep == "all":
        builder.add(site.anchor)
    else:
        only = getattr(site.anchor, keep)
        poor = replace(site.anchor, mean=only, max=only, min=only, std=np.zeros_like(only))
        builder.add(poor, water=saliency(site).water >= 0.5)
    return builder.finish()[0]


def oracle(site: Site) -> SaliencyMap:
    known = saliency(site)
    boats = np.zeros_like(known.expected_boats)
    cells = (site.boats // known.stride).astype(int)
    np.add.at(boats, (cells[:, 1], cells[:, 0]), 1)
    return replace(known, expected_boats=boats)


def anyhow(site: Site) -> SaliencyMap:
    known = saliency(site)
    rng = np.random.default_rng(0)
    noise = rng.random(known.water.shape, dtype=np.float32) ** 20
    return replace(known, expected_boats=np.where(known.water >= 0.5, noise, np.float32(0)))


def looked_at(site: Site, known: SaliencyMap, share: float) -> int:
    patches = max(SMALLEST, share * site.shape[0] * site.shape[1] / 512**2)
    drive = GreedyDrive(known, site.shape, Budget(patches=patches))
    looks: list[Look] = []
    while more := drive.next_looks(16):
        drive.update(more, [np.zeros(0)] * len(more))
        looks += more
    x, y = site.boats.T
    return int(np.any([look.window.contains(x, y) for look in looks], axis=0).sum())


def variants() -> dict:
    tried = (*DEFAULT_PRIORS, MemoryBank())
    alone = {prior.name: (lambda s, p=prior: saliency(s, (p,))) for prior in tried}
    return {
        "random over water": anyhow,
        **alone,
        "all and memory bank": lambda s: saliency(s, tried),
        "all, mean only": lambda s: saliency(s, keep="mean"),
        "all, max only": lambda s: saliency(s, keep="max"),
        "**all (default)**": saliency,
        "oracle": oracle,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--stride", type=int, default=8)
    options = parser.parse_args()
    for folder, (pattern, gsd_m) in SETS.items():
        report(folder, list(sites(options.data / folder, pattern, gsd_m, options.stride)))
    for wind in WINDS_MPS:
        report(f"simulated, {wind} m/s", [simulated_site(wind, options.stride)])


def report(title: str, all_sites: list[Site]) -> None:
    boats = sum(len(site.boats) for site in all_sites)
    print(f"\n### {title}: {len(all_sites)} scenes, {boats} boats\n")
    print("| Prior | " + " | ".join(f"{s:.0%} of pixels" for s in SHARES) + " | expected |")
    print("|---|" + "--:|" * (len(SHARES) + 1))
    for name, make in variants().items():
        maps = [make(site) for site in all_sites]
        recalls = [
            sum(looked_at(s, m, share) for s, m in zip(all_sites, maps, strict=True)) / boats
            for share in SHARES
        ]
        expected = sum(float(m.expected_boats.sum()) for m in maps)
        cells = " | ".join(f"{r:.3f}" for r in recalls)
        known = f"{expected:.0f}" if name not in ("random over water", "oracle") else "–"
        print(f"| {name} | {cells} | {known} |", flush=True)


if __name__ == "__main__":
    main()
