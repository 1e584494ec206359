"""Does the wheel work where nothing else is installed?

    python benchmarks/smoke_wheel.py

Builds the sdist and, from it, the wheel; installs the wheel into an empty environment,
without torch; and runs the installed `pdn-geo` there, away from the repository. Needs a
package index, and about a minute. What the wheel holds is checked by tests/test_packaging.py.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"


def run(*command: object, cwd: Path) -> str:
    """What a command prints; it stops everything if it fails."""
    return subprocess.run(
        list(map(str, command)), cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def empty_environment(folder: Path) -> Path:
    """The folder of a new environment's commands."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin")


def build(folder: Path) -> Path:
    """The wheel, made from the sdist."""
    python = empty_environment(folder / "builder") / "python"
    run(python, "-m", "pip", "install", "--quiet", "build", cwd=folder)
    run(python, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def check_installed(wheel: Path, folder: Path) -> None:
    """Installed alone, `pdn-geo` simulates a sea and finds boats in it."""
    commands = empty_environment(folder / "user")
    python, pdn_geo = commands / "python", commands / "pdn-geo"
    run(python, "-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, wheel, cwd=folder)
    packages = json.loads(run(python, "-m", "pip", "list", "--format=json", cwd=folder))
    assert "torch" not in {package["name"] for package in packages}
    where = run(python, "-c", "import pdn_geo; print(pdn_geo.__file__)", cwd=folder)
    assert Path(where).is_relative_to(folder), f"tested {where}, not the wheel"
    print(run(pdn_geo, "--version", cwd=folder))
    print(run(pdn_geo, "doctor", cwd=folder))
    sea = ("--size", 1024, "--wind", 3, "--boats", 8, "--quiet")
    run(pdn_geo, "simulate", "--out", "sea.tif", *sea, cwd=folder)
    outputs = ("--out", "boats.gpkg", "--out", "boats.geojson", "--preview", "boats.png")
    told = run(pdn_geo, "detect", "sea.tif", *outputs, "--json", cwd=folder)
    boats = json.loads(told)["boats"]
    assert boats > 0, "no boats found"
    for name in ("boats.gpkg", "boats.geojson", "boats.png"):
        assert (folder / name).stat().st_size, f"{name} is empty"
    print(f"{boats} boats found in a sea with 8")


def main() -> None:
    """Print what the installed command says; an assertion says what is wrong."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        check_installed(build(folder), folder)


if __name__ == "__main__":
    main()
