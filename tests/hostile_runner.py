"""Read hostile rasters in a process that may die of them; one line of JSON per file.

    python hostile_runner.py read|detect MEMORY_BYTES SECONDS FILE...

Run by test_hostile.py with a limit on memory. A file that takes longer than SECONDS kills
the process, as a hang in GDAL cannot be interrupted; the parent sees which file it was.
"""

import faulthandler
import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

MOST_WINDOWS = 40
SIDE = 512


def windows(scene):
    """Corners first, then along the scene in storage order, up to a cap."""
    from pdn_geo.geometry import Window
    from pdn_geo.io.sweep import plan_units

    height, width = scene.grid.height, scene.grid.width
    w, h = min(SIDE, width), min(SIDE, height)
    for row in dict.fromkeys((0, height - h)):
        for col in dict.fromkeys((0, width - w)):
            yield Window(col_off=col, row_off=row, width=w, height=h)
    units = plan_units(scene.grid, scene.block_shape, stride=8, limit=1 << 22)
    for unit, _ in zip(units, range(MOST_WINDOWS), strict=False):
        yield Window(
            col_off=unit.col_off,
            row_off=unit.row_off,
            width=min(unit.width, 4096),
            height=min(unit.height, 1024),
        )


def read_everything(path):
    """Every value of many windows, checked."""
    import numpy as np

    from pdn_geo.io import open_scene

    with open_scene(path) as scene:
        for window in windows(scene):
            pixels = scene.read(window)
            assert pixels.values.dtype == np.float32
            assert pixels.values.shape == (len(scene.band_names), window.height, window.width)
            assert np.isfinite(pixels.values).all()
            assert not pixels.values[:, ~pixels.valid].any()
        for factor in scene.overview_factors:
            scene.read_decimated(next(iter(windows(scene))), factor)


def detect_and_write(path):
    """The main job, with what people ask for."""
    import pdn_geo

    result = pdn_geo.detect(path)
    with TemporaryDirectory() as folder:
        result.write(f"{folder}/boats.gpkg", f"{folder}/boats.geojson")
        result.save_preview(f"{folder}/boats.png")


def outcome(job, path):
    """What became of one file: a dict with `outcome` "ok" or "refused"."""
    from pdn_geo.errors import PdnGeoError

    try:
        job(path)
    except PdnGeoError as error:
        return {"outcome": "refused", "error": str(error), "kind": type(error).__name__}
    except Exception as error:
        return {"outcome": "escaped", "error": f"{type(error).__name__}: {error}"}
    return {"outcome": "ok"}


def peak() -> int:
    """Most memory of this process, bytes; getrusage counts what its parent held at the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main():
    job, memory, seconds, *files = sys.argv[1:]
    jobs = {"read": read_everything, "detect": detect_and_write}
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    for file in files:
        faulthandler.dump_traceback_later(float(seconds), exit=True)
        start = time.perf_counter()
        result = outcome(jobs[job], file)
        faulthandler.cancel_dump_traceback_later()
        result |= {"file": file, "seconds": time.perf_counter() - start, "peak_bytes": peak()}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
