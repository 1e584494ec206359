"""Damage small GeoTIFFs at random and read them: nothing but PdnGeoError may come out.

    python benchmarks/fuzz_reader.py 10000 [--seed 0] [--first 0] [--keep DIR]

Case number i of a seed is always the same bytes, so a run goes on with --first. Workers
are processes: a crash, a hang of 20 s or more than 2 GiB is a failure as well, found and
counted. The bytes of every failure are kept. Exits 1 if there was one.
"""

import argparse
import faulthandler
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import Resampling

from pdn_geo.errors import PdnGeoError
from pdn_geo.geometry import Window
from pdn_geo.io import open_scene

SECONDS_A_CASE = 20
MEMORY = 2 << 30
UTM = {"crs": "EPSG:32618", "transform": Affine(10, 0, 5e5, 0, -10, 4.5e6)}
TILES = {"tiled": True, "blockxsize": 16, "blockysize": 16}
LAYOUTS = (
    ("uint8", 3, UTM),
    ("uint8", 3, {"compress": "deflate", **TILES, **UTM}),
    ("uint8", 3, {"compress": "jpeg", "photometric": "ycbcr", **TILES}),
    ("uint8", 4, {"compress": "lzw", "photometric": "rgb", "alpha": "yes", "nodata": 0}),
    ("uint16", 5, {"compress": "lzw", "predictor": 2, "interleave": "band", **UTM}),
    ("float32", 1, {"compress": "zstd", "predictor": 3, "nodata": np.nan, **TILES, **UTM}),
    ("complex64", 1, {"compress": "packbits", **UTM}),
    ("uint8", 3, {"compress": "webp", **TILES}),
    ("uint8", 1, {"compress": "lerc", **UTM}),
    ("int16", 2, {"compress": "lzma", "BIGTIFF": "YES", "ENDIANNESS": "BIG", "nodata": -9}),
    ("uint8", 1, {"compress": "ccittfax4", "nbits": 1}),
    ("uint8", 4, {"photometric": "cmyk", "compress": "deflate"}),
)


def write_originals(folder: Path) -> None:
    """One file for each layout, some with overviews, masks, palette and GCPs."""
    rng = np.random.default_rng(0)
    for number, (dtype, bands, options) in enumerate(LAYOUTS):
        values = rng.integers(0, 2 if "nbits" in options else 200, (bands, 40, 52)).astype(dtype)
        path = folder / f"{number:02}.tif"
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(
                path, "w", driver="GTiff", width=52, height=40, count=bands, dtype=dtype, **options
            ) as out,
        ):
            out.write(values)
            if number == 1:
                out.write_mask(rng.random((40, 52)) > 0.3)
            if number == 8:
                out.write_colormap(1, {i: (i, 255 - i, 9, 255) for i in range(256)})
            if number == 11:
                corners = [(0, 0), (52, 0), (0, 40), (52, 40)]
                out.gcps = (
                    [GroundControlPoint(y, x, 10 + x / 1e3, 50 - y / 1e3) for x, y in corners],
                    rasterio.crs.CRS.from_epsg(4326),
                )
        if number in (1, 2, 5):
            with rasterio.open(path, "r+") as out:
                out.build_overviews([2, 4], Resampling.average)


def damaged(originals: list[bytes], seed: int, number: int) -> bytes:
    """The bytes of one case."""
    rng = np.random.default_rng([seed, number])
    content = bytearray(originals[rng.integers(len(originals))])
    kind = rng.integers(5)
    if kind == 0:
        return bytes(content[: rng.integers(len(content))])
    # Headers are where damage tells most: the first directory, or anywhere in the file.
    reach = min(len(content), 600) if kind in (1, 2) else len(content)
    if kind == 4:
        start, length = rng.integers(reach), rng.integers(1, 64)
        content[start : start + length] = rng.bytes(length)
        return bytes(content)
    for at in rng.integers(0, reach, rng.integers(1, 9)):
        content[at] = rng.choice([0, 255, content[at] ^ (1 << rng.integers(8)), rng.integers(256)])
    return bytes(content)


def read_all(path: Path) -> str:
    """ "read" or "refused"; anything else escapes."""
    try:
        with open_scene(path) as scene:
            width, height = min(scene.grid.width, 4096), min(scene.grid.height, 1024)
            window = Window(col_off=0, row_off=0, width=width, height=height)
            scene.read(window)
            for factor in scene.overview_factors:
                scene.read_decimated(window, factor)
            scene.grid.to_lonlat(1.0, 2.0)
            _ = scene.grid.gsd_m, scene.crs_text
    except PdnGeoError:
        return "refused"
    return "read"


def work(folder: Path, seed: int, first: int, end: int) -> None:
    """Run cases in this process; a line "begin" and a line "done" for each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    originals = [path.read_bytes() for path in sorted(folder.glob("[0-9][0-9].tif"))]
    path = folder / f"case_{first}.tif"
    for number in range(first, end):
        path.write_bytes(damaged(originals, seed, number))
        print("begin", number, flush=True)
        faulthandler.dump_traceback_later(SECONDS_A_CASE, exit=True)
        try:
            outcome = read_all(path)
        except Exception as error:
            outcome = f"escaped {type(error).__name__}: {error}".replace("\n", " ")
        faulthandler.cancel_dump_traceback_later()
        print("done", number, outcome, flush=True)


def supervise(folder: Path, seed: int, first: int, end: int) -> dict[int, str]:
    """Outcomes of cases first to end, in as many worker processes as it takes."""
    outcomes: dict[int, str] = {}
    while first < end:
        command = [sys.executable, __file__, "--work", folder, seed, first, end]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            word, number, *rest = line.split(maxsplit=2)
            outcomes[int(number)] = rest[0] if word == "done" else "died"
        reached = max(outcomes, default=first - 1)
        if reached < first:
            raise RuntimeError(f"a worker does not start:\n{done.stderr}")
        if outcomes[reached] == "died":
            outcomes[reached] = f"died, exit {done.returncode}: {done.stderr[-300:]}"
        first = reached + 1
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("fuzz_failures"))
    options = parser.parse_args()
    end = options.first + options.cases
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_originals(folder)
        originals = [path.read_bytes() for path in sorted(folder.glob("*.tif"))]
        starts = range(options.first, end, 500)
        with ThreadPoolExecutor(options.workers) as pool:
            parts = pool.map(
                lambda first: supervise(folder, options.seed, first, min(first + 500, end)), starts
            )
            outcomes = {number: outcome for part in parts for number, outcome in part.items()}
    bad = {n: o for n, o in sorted(outcomes.items()) if o not in ("read", "refused")}
    for number, outcome in bad.items():
        options.keep.mkdir(exist_ok=True)
        (options.keep / f"seed{options.seed}_case{number}.tif").write_bytes(
            damaged(originals, options.seed, number)
        )
        print(f"case {number}: {outcome}")
    read = sum(outcome == "read" for outcome in outcomes.values())
    refused = len(outcomes) - read - len(bad)
    counts = f"{len(outcomes)} cases: {read} read, {refused} refused, {len(bad)} bad"
    print(f"seed {options.seed}, {counts}")
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        sys.exit(main())
