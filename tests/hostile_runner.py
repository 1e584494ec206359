"""Read hostile rasters in a process that may die of them; one line of JSON per file.

    python hostile_runner.py MEMORY_BYTES SECONDS FILE...

Run by test_hostile.py with a limit on memory. A file that takes longer than SECONDS kills
the process, as a hang in GDAL cannot be interrupted; the parent sees which file it was.
"""

import faulthandler
import json
import resource
import sys
import time
from pathlib import Path

MOST_WINDOWS = 40
SIDE = 512


def windows(scene):
    """Corners first, then along the scene in storage order, up to a cap."""
    from pdn_geo.geometry import Window

    height, width = scene.grid.height, scene.grid.width
    w, h = min(SIDE, width), min(SIDE, height)
    for row in dict.fromkeys((0, height - h)):
        for col in dict.fromkeys((0, width - w)):
            yield Window(col_off=col, row_off=row, width=w, height=h)
    for unit, _ in zip(scene.read_units(), range(MOST_WINDOWS), strict=False):
        yield Window(
            col_off=unit.col_off,
            row_off=unit.row_off,
            width=min(unit.width, 4096),
            height=min(unit.height, 1024),
        )


def read_everything(path):
    """What became of one file: a dict with `outcome` "ok" or "refused"."""
    import numpy as np

    from pdn_geo.errors import PdnGeoError
    from pdn_geo.io import open_scene

    result = {"windows": 0}
    try:
        with open_scene(path) as scene:
            result |= {"bands": list(scene.band_names), "notes": scene.notes}
            result["georeferenced"] = scene.grid.is_georeferenced
            for window in windows(scene):
                pixels = scene.read(window)
                assert pixels.values.dtype == np.float32
                assert pixels.values.shape == (
                    len(scene.band_names),
                    window.height,
                    window.width,
                )
                assert np.isfinite(pixels.values).all()
                assert not pixels.values[:, ~pixels.valid].any()
                result["windows"] += 1
            for factor in scene.overview_factors:
                scene.read_decimated(next(iter(windows(scene))), factor)
        result["outcome"] = "ok"
    except PdnGeoError as error:
        result |= {"outcome": "refused", "error": str(error), "kind": type(error).__name__}
    except Exception as error:
        result |= {"outcome": "escaped", "error": f"{type(error).__name__}: {error}"}
    return result


def main():
    memory, seconds, *files = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    for file in files:
        faulthandler.dump_traceback_later(float(seconds), exit=True)
        start = time.perf_counter()
        result = read_everything(file)
        faulthandler.cancel_dump_traceback_later()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        result |= {"file": file, "seconds": time.perf_counter() - start, "peak_bytes": peak}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
