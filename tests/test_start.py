"""`pdn-geo` answers at once: what starting it imports, and what it says of itself."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import rasterio

HEAVY = {
    "geopandas", "matplotlib", "numpy", "onnxruntime", "pandas", "pyproj", "rasterio", "rich",
    "scipy", "shapely", "timm", "torch", "xarray",
}  # fmt: skip

LISTING = """
import json, sys
from pdn_geo_cli.app import main
sys.argv = ["pdn-geo", *json.loads(sys.argv[1])]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def listed(*words: str) -> tuple[str, set[str], int]:
    """What a command prints, the packages it imports, and its exit code."""
    run = subprocess.run(
        [sys.executable, "-c", LISTING, json.dumps(words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    *printed, modules = run.stderr.splitlines()
    packages = {name.split(".")[0] for name in json.loads(modules)}
    return run.stdout + "\n".join(printed), packages, run.returncode


def test_help_imports_nothing_heavy() -> None:
    text, packages, code = listed("--help")
    assert code == 0
    assert "Find boats" in text
    assert packages & HEAVY == set()


@pytest.mark.parametrize("command", ["detect", "simulate", "evaluate", "doctor"])
def test_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    text, packages, code = listed(command, "--help")
    assert code == 0
    assert "Usage: pdn-geo" in text
    assert packages & HEAVY == set()


@pytest.mark.parametrize(
    "words", [["detect"], ["detect", "x.tif", "--patches", "many"], ["detct"], ["detect", "--no"]]
)
def test_wrong_arguments_import_nothing_heavy(words: list[str]) -> None:
    text, packages, code = listed(*words)
    assert code == 2
    assert "Usage: pdn-geo" in text
    assert packages & HEAVY == set()


def test_version_names_gdal_and_the_engines_without_importing_torch() -> None:
    text, packages, code = listed("--version")
    assert code == 0
    named = dict(line.rsplit(" ", 1) for line in text.splitlines())
    assert named["pdn-geo"] == metadata.version("pdn-geo")
    assert named["GDAL"] == rasterio.__gdal_version__
    assert named["rasterio"] == rasterio.__version__
    for name, package in {"ONNX Runtime": "onnxruntime", "torch": "torch"}.items():
        try:
            assert named[name] == metadata.version(package)
        except metadata.PackageNotFoundError:
            assert name not in named
    assert packages & {"torch", "onnxruntime", "pandas", "scipy"} == set()


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> str:
    """The installed command, told its shell instead of looking at the parent process."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    return str(Path(sys.executable).with_name("pdn-geo"))


def test_completion_scripts_are_shown(shell: str) -> None:
    run = subprocess.run(
        [shell, "--show-completion", "bash"], capture_output=True, text=True, check=True
    )
    assert "_PDN_GEO_COMPLETE=complete_bash" in run.stdout
    assert "complete -o default -F _pdn_geo_completion pdn-geo" in run.stdout


def test_completion_completes_commands_and_options(shell: str) -> None:
    def completed(words: str, position: int) -> list[str]:
        asked = {"_PDN_GEO_COMPLETE": "complete_bash", "COMP_WORDS": words}
        run = subprocess.run(
            [shell], env={**os.environ, **asked, "COMP_CWORD": str(position)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return run.stdout.split()

    assert completed("pdn-geo det", 1) == ["detect"]
    assert completed("pdn-geo detect x.tif --thr", 3) == ["--threshold", "--threads"]
