"""Peak memory and time of a command on large scenes, against the limits we promise.

    python benchmarks/memory.py                          # pdn-geo detect, all scenes
    python benchmarks/memory.py --case "10240 tiled" -- \\
        pdn-geo overviews {scene} --out {folder}/anchor.tif --quiet

`{scene}` and `{folder}` stand for the scene and a scratch folder. The peak is that of the
resident memory of the command with all its children, sampled every 20 ms from /proc
(Linux), and at least what the kernel itself has seen of the largest of them.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

PAGE = resource.getpagesize()
TILE = 512


@dataclass(frozen=True)
class Case:
    """A square scene of three bands of 8 bits, and what a run on it may take."""

    size: int
    tiled: bool
    limit_mb: int

    @property
    def name(self) -> str:
        return f"{self.size} {'tiled' if self.tiled else 'striped'}"


CASES = (
    Case(size=10240, tiled=True, limit_mb=700),
    Case(size=10240, tiled=False, limit_mb=700),
    Case(size=40960, tiled=False, limit_mb=900),
)
OUTPUTS = ("--out", "{folder}/boats.gpkg", "--preview", "{folder}/boats.png")
DEFAULT = ("detect", "{scene}", *OUTPUTS, "--quiet")


def make_scene(case: Case, path: Path) -> None:
    """A noisy sea of one tile repeated, with a few bright boats: quick to write."""
    rng = np.random.default_rng(0)
    sea = rng.normal((40, 60, 70), 6, (TILE, TILE, 3)).clip(1, 255).astype(np.uint8)
    rows = np.tile(sea.transpose(2, 0, 1), (1, 1, case.size // TILE))
    layout = {"tiled": True, "blockxsize": TILE, "blockysize": TILE} if case.tiled else {}
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=3, width=case.size, height=case.size,
        crs="EPSG:32632", transform=Affine(1, 0, 5e5, 0, -1, 5e6), photometric="rgb",
        interleave="pixel", compress="deflate", zlevel=1, num_threads="all_cpus",
        bigtiff="if_safer", **layout,
    ) as out:  # fmt: skip
        for row in range(0, case.size, TILE):
            block = rows.copy()
            for col in rng.integers(0, case.size - 40, 2):
                block[:, 100:106, col : col + 24] = 220
            out.write(block, window=Window(0, row, case.size, TILE))


def family_bytes(root: int) -> int:
    """Resident memory of a process and all below it."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    return total


def measure(command: Sequence[str]) -> tuple[float, float, int]:
    """(peak MB, seconds, exit code) of a command."""
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, family_bytes(process.pid))
            time.sleep(0.02)
    seconds = time.perf_counter() - start
    # of the largest child so far, in KiB: cases run in ascending order of size
    by_kernel = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return max(peak, by_kernel) / 1e6, seconds, process.returncode


def main() -> int:
    """Print a Markdown table; 1 if a limit was passed or a command failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, help="default: all")
    parser.add_argument("--folder", type=Path, help="scratch space of about 3 GB")
    parser.add_argument("command", nargs="*", help="default: pdn-geo detect")
    options = parser.parse_args()
    command = options.command or [str(Path(sys.executable).with_name("pdn-geo")), *DEFAULT]
    print("| scene | peak MB | limit MB | seconds |\n|---|---|---|---|")
    failures = 0
    for case in CASES:
        if options.case and case.name not in options.case:
            continue
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            scene = Path(folder) / "scene.tif"
            make_scene(case, scene)
            peak, seconds, code = measure(
                [word.format(scene=scene, folder=folder) for word in command]
            )
        verdict = "" if code == 0 else f" (exit code {code})"
        print(
            f"| {case.name} | {peak:.0f}{verdict} | {case.limit_mb} | {seconds:.1f} |", flush=True
        )
        failures += code != 0 or peak > case.limit_mb
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
