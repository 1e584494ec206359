"""The sdist and the wheel made from it hold the whole package, and nothing else."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from conftest import ROOT

SOURCES = {"pdn_geo": ROOT / "pdn_geo", "pdn_geo_cli": ROOT / "cli"}
BUILD = "from setuptools import build_meta; print(build_meta.build_{kind}(r'{folder}'))"


def build(kind: str, tree: Path, folder: Path) -> Path:
    """With the setuptools at hand, so that no package index is needed."""
    run = subprocess.run(
        [sys.executable, "-c", BUILD.format(kind=kind, folder=folder)],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder / run.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("dist")
    tree = folder / "tree"
    hidden = shutil.ignore_patterns("__pycache__")
    for source in (ROOT / "pdn_geo", ROOT / "cli"):
        shutil.copytree(source, tree / source.name, ignore=hidden)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    with tarfile.open(build("sdist", tree, folder)) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return zipfile.ZipFile(build("wheel", unpacked, folder))


def test_the_wheel_holds_every_file_and_no_stray_one(wheel: zipfile.ZipFile) -> None:
    on_disk = {
        f"{package}/{file.relative_to(folder).as_posix()}"
        for package, folder in SOURCES.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    in_wheel = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert in_wheel == on_disk
    assert "pdn_geo/py.typed" in in_wheel


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "pdn-geo = pdn_geo_cli.app:main" in wheel.read(entry_points).decode()


def test_torch_is_an_extra(wheel: zipfile.ZipFile) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    needs = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist")
    base = {need.split(">")[0] for need in needs if "extra ==" not in need}
    assert {"rasterio", "numpy"} <= base
    assert not base & {"torch", "timm", "safetensors", "pytest"}
    assert any(need.startswith("torch") and "extra ==" in need for need in needs)
