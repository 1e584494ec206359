"""`pdn-geo doctor`: sound here, and each thing that can be wrong is said with its remedy."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from pdn_geo_cli.app import app
from typer.testing import CliRunner

from pdn_geo import doctor
from pdn_geo.doctor import Check, examine, format_checks


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing torch takes seconds."""
    kept = {name: run for name, run in doctor._CHECKS.items() if name != "torch"}
    monkeypatch.setattr(doctor, "_CHECKS", kept)


@pytest.mark.usefixtures("without_torch")
def test_this_installation_is_sound() -> None:
    told = CliRunner().invoke(app, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(told.output)}
    assert {check["status"] for check in checks.values()} <= {"ok", "note"}, told.output
    assert told.exit_code == 0
    assert "boats found" in checks["a small run"]["found"]
    assert "GeoPackage" in checks["formats"]["found"]


def test_a_foreign_proj_database_is_told_with_its_remedy(tmp_path: Path) -> None:
    """In a process of its own: PROJ looks for its database once."""
    code = (
        "from pdn_geo import doctor; doctor._CHECKS = {'PROJ database': doctor._proj};"
        "from pdn_geo_cli.app import main; main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, "doctor"],
        env={**os.environ, "PROJ_DATA": str(tmp_path), "PROJ_LIB": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    (line,) = told.stdout.splitlines()
    assert line.startswith("fail")
    assert "unset PROJ_DATA and PROJ_LIB" in line


def test_lines_are_aligned_and_end_in_the_remedy() -> None:
    text = format_checks([Check("a", "ok", "fine"), Check("long", "fail", "bad", "do this")])
    assert text.splitlines() == ["ok    a     fine", "fail  long  bad  ->  do this"]


def test_a_check_that_breaks_down_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("libgdal.so: cannot open\nmore lines")

    monkeypatch.setattr(doctor, "_CHECKS", {"GDAL": broken})
    (check,) = examine()
    assert (check.status, check.found) == ("fail", "libgdal.so: cannot open")
    assert "pip install" in check.remedy


def test_requirements_that_are_not_met_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: [
        "numpy>=99", "no-such-package>=1", "rasterio>=1", "other-package; extra == 'torch'",
    ])  # fmt: skip
    status, found, _ = doctor._packages()
    assert status == "fail"
    assert "numpy" in found
    assert "no-such-package is missing" in found
    assert "rasterio" not in found
    assert "other-package" not in found


def test_missing_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyogrio.list_drivers", lambda write: {"GeoJSON": "rw", "GPKG": "rw"})
    status, found, _ = doctor._drivers()
    assert (status, found) == ("fail", "no FlatGeobuf")
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "_JPEG2000", set())
    status, found, remedy = doctor._drivers()
    assert status == "note"
    assert "no JPEG 2000" in found
    assert "libgdal-jp2openjpeg" in remedy


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of weights in the place of the package's own, empty."""
    monkeypatch.setattr("pdn_geo.engines.network.weights._SHIPPED", tmp_path)
    monkeypatch.setattr(doctor, "_CHECKS", {"weights": doctor._weights})
    return tmp_path


def test_without_weights_the_classical_detector_is_left(shipped: Path) -> None:
    (check,) = examine()
    assert (check.status, check.found) == ("note", "none: classical detector only")


def test_weights_are_held_against_their_checksums(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"a network"
    (shipped / "patch.onnx").write_bytes(content)
    (without_card,) = examine()
    assert without_card.status == "fail"
    assert "patch.json" in without_card.found
    card = SimpleNamespace(title="patch 1.0", trained="2026-01-02")
    monkeypatch.setattr("pdn_geo.engines.network.card.ModelCard.load", lambda path: card)
    checksum = "1220" + hashlib.sha256(content).hexdigest()
    item = {"assets": {"onnx": {"href": "./patch.onnx", "file:checksum": checksum}}}
    (shipped / "patch.stac.json").write_text(json.dumps(item))
    assert examine() == [Check("weights", "ok", "patch 1.0 of 2026-01-02")]
    (shipped / "patch.onnx").write_bytes(content[:-1])
    (damaged,) = examine()
    assert (damaged.status, damaged.found) == ("fail", "patch.onnx is damaged")


def test_a_temporary_folder_without_room_or_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LEAST_FREE_GB", 1e9)
    assert doctor._scratch()[0] == "note"
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/no/such/folder")
    monkeypatch.setattr(doctor, "_CHECKS", {"temporary files": doctor._scratch})
    assert examine()[0].status == "fail"


def test_a_run_that_finds_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import pdn_geo

    whole = pdn_geo.detect
    monkeypatch.setattr(pdn_geo, "detect", lambda scene: whole(scene, threshold=1), raising=False)
    assert doctor._run()[:2] == ("fail", "0 of 3 boats found in a simulated sea of 256 px")
