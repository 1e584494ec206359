"""environment.yml and pyproject.toml ask for the same things."""

import re
import tomllib

from conftest import ROOT

CONDA_NAMES = {"torch": "pytorch", "playwright": "playwright-python"}
"""Where conda-forge's name is another."""


def parted(requirement: str) -> tuple[str, str]:
    """ "numpy>=1.26" as ("numpy", ">=1.26")."""
    name, bounds = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(.*)", requirement).groups()
    return name.lower(), bounds.replace(" ", "")


def conda_requirements() -> dict[str, str]:
    """The plain entries of environment.yml; the pip section is indented further."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8").split("dependencies:")[1]
    return dict(parted(line) for line in re.findall(r"^  - ([^:\n]+)$", text, re.MULTILINE))


def pip_requirements() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
    named = dict(parted(requirement) for requirement in wanted)
    named = {CONDA_NAMES.get(name, name): bounds for name, bounds in named.items()}
    return {**named, "python": project["requires-python"], "pip": ""}


def test_environment_follows_pyproject():
    assert conda_requirements() == pip_requirements()


def test_environment_installs_the_project():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert text.rstrip().endswith("- pip:\n      - --editable .")
    assert "- conda-forge" in text


def test_tested_versions_meet_every_bound():
    """constraints.txt has one version of each requirement, at or above its lower bound."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    tested = dict(re.findall(r"^([a-z0-9._-]+)==(.+)$", text, re.MULTILINE))
    pip_names = {conda: pip for pip, conda in CONDA_NAMES.items()}
    for name, bounds in pip_requirements().items():
        if name in ("python", "pip"):
            continue
        lower = re.fullmatch(r">=([\d.]+)(,<[\d.]+)?", bounds).group(1)
        version = tested[pip_names.get(name, name)]
        numbers = [[int(n) for n in re.findall(r"\d+", v)[:3]] for v in (version, lower)]
        assert numbers[0] >= numbers[1], f"{name} {version} is below {lower}"
