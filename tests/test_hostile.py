"""Every odd and broken raster of the hostile set is read, or refused with one clear error.

Each within 20 s of reading and 2 GiB of address space, in a process that may die of it.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from pdn_geo.geometry import Window
from pdn_geo.io import open_scene

RUNNER = Path(__file__).with_name("hostile_runner.py")
# The main job searches real scenes of up to 140 Mpx among them, while other tests run.
SECONDS = {"read": 20, "detect": 40}
MEMORY = 2 << 30

# In the manifest because rasterio's profile fails on them; their pixels are readable.
READABLE_ALL_THE_SAME = {
    "01_georef/unsupported-srs.tif",
    "06_compression/thunder.tif",
    "06_compression/zackthecat.tif",
}


def run_guarded(files, job):
    """Results of a job by file; one that killed its process is said to have `died`."""
    results, waiting = {}, [str(file) for file in files]
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # each thread reserves address space
    while waiting:
        limits = str(MEMORY), str(SECONDS[job])
        command = [sys.executable, str(RUNNER), job, *limits, *waiting]
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        for line in done.stdout.splitlines():
            result = json.loads(line)
            results[waiting.pop(0)] = result
        if waiting and not done.stdout and "Timeout" not in done.stderr and done.returncode == 1:
            raise AssertionError(f"the runner itself failed:\n{done.stderr}")
        if waiting:
            said = f"exit {done.returncode}: {done.stderr[-500:]}"
            results[waiting.pop(0)] = {"outcome": "died", "error": said}
    return results


@pytest.fixture(scope="module")
def hostile(shared_data):
    return shared_data / "hostile"


@pytest.fixture(scope="module")
def manifest(hostile):
    with (hostile / "MANIFEST.csv").open() as lines:
        return {row["file"]: row for row in csv.DictReader(lines)}


@pytest.fixture(scope="module", params=["read", "detect"])
def results(hostile, manifest, request):
    found = run_guarded([hostile / name for name in manifest], request.param)
    return {name: found[str(hostile / name)] for name in manifest}


def test_each_file_is_read_or_refused(results):
    assert len(results) == 183
    bad = {name: r for name, r in results.items() if r["outcome"] not in ("ok", "refused")}
    assert not bad


def test_refusals_are_one_line_that_names_the_file(results):
    refused = {name: r["error"] for name, r in results.items() if r["outcome"] == "refused"}
    for name, error in refused.items():
        path, _, reason = error.partition(": ")
        assert path.endswith(name)
        assert "\n" not in error
        assert 5 < len(reason) < 400
        assert "previous exception" not in reason
        assert "object has no attribute" not in reason
    assert len(refused) > 40


def test_what_rasterio_reads_is_read(results, manifest):
    for name, row in manifest.items():
        readable = row["rasterio_1_4_4"] == "ok" or name in READABLE_ALL_THE_SAME
        assert (results[name]["outcome"] == "ok") is readable, (name, results[name])


def test_no_file_takes_much_memory(results):
    assert max(r["peak_bytes"] for r in results.values()) < 1.5 * (1 << 30)


def test_values_and_validity_are_those_of_rasterio(hostile, manifest):
    compared = 0
    for name, row in manifest.items():
        if row["rasterio_1_4_4"] != "ok":
            continue
        with open_scene(hostile / name) as scene, rasterio.open(hostile / name) as dataset:
            if scene.choice.expand != "none":
                continue
            width, height = min(dataset.width, 200), min(dataset.height, 200)
            where = ((0, height), (0, width))
            raw = dataset.read(list(scene.choice.indexes), window=where)
            pixels = scene.read(Window(col_off=0, row_off=0, width=width, height=height))
            expected = dataset.dataset_mask(window=where) > 0
        raw = np.abs(raw) if np.iscomplexobj(raw) else raw
        values = raw.astype(np.float32)
        expected &= np.isfinite(values).all(axis=0)
        np.testing.assert_array_equal(pixels.valid, expected, err_msg=name)
        np.testing.assert_array_equal(pixels.values, np.where(expected, values, 0), err_msg=name)
        compared += 1
    assert compared > 100
