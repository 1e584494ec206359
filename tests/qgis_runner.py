"""Scripts under the Python that QGIS was built for; skipped where there is none."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

QGIS_PYTHON = os.environ.get("QGIS_PYTHON", "/usr/bin/python3")
INSIDE = Path(__file__).parent / "qgis_inside.py"


@cache
def _why_not() -> str:
    try:
        run = subprocess.run(
            [QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False
        )
    except OSError:
        return f"{QGIS_PYTHON} does not start"
    return "" if run.returncode == 0 else f"{QGIS_PYTHON} has no qgis.core"


def require_qgis() -> None:
    if why := _why_not():
        pytest.skip(f"QGIS is not installed: {why}")


def in_qgis(folder: Path, jobs: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """What functions of qgis_inside.py return: jobs are a function and its arguments each."""
    require_qgis()
    asked, answered = folder / "request.json", folder / "answer.json"
    asked.write_text(json.dumps(jobs))
    settings = {
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder),
        "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
    }
    run = subprocess.run(
        [QGIS_PYTHON, str(INSIDE), str(asked), str(answered)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return json.loads(answered.read_text())
