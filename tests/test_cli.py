"""`pdn-geo` as people run it: a process with exit codes and two streams."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from seas import make_sea, write_tif


def pdn_geo(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pdn_geo_cli.app import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tif(tmp_path_factory.mktemp("cli") / "sea.tif", make_sea().values, tiled=True,
                     blockxsize=256, blockysize=256)  # fmt: skip


def test_detect_writes_every_format_and_says_so(scene: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"boats.{kind}" for kind in ("gpkg", "geojson", "parquet", "fgb")]
    picture = tmp_path / "boats.png"
    run = pdn_geo("detect", scene, *(word for out in outs for word in ("--out", out)),
                  "--preview", picture)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "5, in" in run.stdout
    assert all(out.stat().st_size for out in (*outs, picture))
    assert len(json.loads(outs[1].read_text())["features"]) == 5


def test_json_is_one_object_and_quiet_is_quiet(scene: Path, tmp_path: Path) -> None:
    run = pdn_geo("detect", scene, "--json")
    assert json.loads(run.stdout)["boats"] == 5
    quiet = pdn_geo("detect", scene, "--quiet", "--out", tmp_path / "b.gpkg")
    assert (quiet.stdout, quiet.stderr, quiet.returncode) == ("", "", 0)


@pytest.mark.parametrize("command", ["detect", "info", "saliency", "overviews"])
def test_bad_input_is_one_line_and_exit_code_2(command: str, tmp_path: Path) -> None:
    broken, out = tmp_path / "broken.tif", tmp_path / "out.tif"
    broken.write_bytes(b"II*\0 this is no raster")
    options = {"detect": ["--out", out.with_suffix(".gpkg")], "info": []}
    run = pdn_geo(command, broken, *options.get(command, ["--out", out]))
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "broken.tif" in run.stderr
    assert list(tmp_path.iterdir()) == [broken]


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    run = pdn_geo("detect", tmp_path / "missing.tif", "--debug")
    assert run.returncode != 0
    assert "Traceback" in run.stderr


def test_outputs_are_checked_before_any_work(scene: Path, tmp_path: Path) -> None:
    run = pdn_geo("detect", tmp_path / "missing.tif", "--out", tmp_path / "boats.shp")
    assert run.returncode == 2
    assert ".gpkg" in run.stderr
    over_itself = pdn_geo("detect", scene, "--out", scene)
    assert over_itself.returncode == 2


def test_unreadable_parts_end_in_2_or_are_skipped_with_3(scene: Path, tmp_path: Path) -> None:
    damaged, out = tmp_path / "damaged.tif", tmp_path / "boats.gpkg"
    with rasterio.open(scene) as dataset:
        values = dataset.read()
    write_tif(damaged, values, tiled=True, blockxsize=256, blockysize=256, compress="deflate")
    content = bytearray(damaged.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    damaged.write_bytes(content)
    failed = pdn_geo("detect", damaged, "--out", out)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert not out.exists()
    skipped = pdn_geo("detect", damaged, "--out", out, "--on-error", "skip")
    assert skipped.returncode == 3
    assert "could not be read" in skipped.stderr
    assert out.exists()


def test_saliency_and_overviews_are_cogs(scene: Path, tmp_path: Path) -> None:
    from rio_cogeo import cog_validate

    for command in ("saliency", "overviews"):
        out = tmp_path / f"{command}.tif"
        run = pdn_geo(command, scene, "--out", out)
        assert run.returncode == 0, run.stderr
        valid, errors, warnings = cog_validate(out)
        assert (valid, errors, warnings) == (True, [], [])
        with rasterio.open(out) as dataset:
            assert dataset.crs.to_epsg() == 32633
            assert dataset.res == (8, 8)
            assert np.isfinite(dataset.read(1)).any()


def test_auto_says_which_coarse_look_it_took(scene: Path, tmp_path: Path) -> None:
    words = ("detect", "--anchor", "auto", "--model", "classical", "--json")
    without = json.loads(pdn_geo(*words, scene).stdout)
    assert "has no stored overviews: its pixels were read instead" in without["notes"]
    with rasterio.open(scene) as dataset:
        values, profile = dataset.read(), {"tiled": True, "blockxsize": 256, "blockysize": 256}
    copy = write_tif(tmp_path / "overviews.tif", values, **profile)
    with rasterio.open(copy, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)
    run = pdn_geo(*words, copy)
    assert run.returncode == 0, run.stderr
    assert "read from stored overviews, 1/2" in json.loads(run.stdout)["notes"]
    assert json.loads(run.stdout)["boats"] == without["boats"] == 5


def test_version_and_help() -> None:
    assert pdn_geo("--version").stdout.startswith("pdn-geo ")
    help_text = pdn_geo("--help").stdout
    for command in ("detect", "info", "saliency", "overviews", "simulate", "evaluate"):
        assert command in help_text


def test_bands_that_are_not_there_are_named(scene: Path) -> None:
    run = pdn_geo("detect", scene, "--bands", "7,8,9")
    assert run.returncode == 2
    assert "7" in run.stderr
