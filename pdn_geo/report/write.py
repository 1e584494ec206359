"""From a GeoPackage and its scene to one page."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pdn_geo.errors import OptionError, OutputError
from pdn_geo.io import open_scene
from pdn_geo.products.atomic import complete_or_absent
from pdn_geo.report.chips import cut_chips
from pdn_geo.report.overview import read_overview
from pdn_geo.report.page import MOST_BOATS, render
from pdn_geo.report.run import read_run

PathLike = str | os.PathLike[str]


def write_report(
    result: PathLike,
    out: PathLike,
    *,
    scene: Any,
    bands: Sequence[int | str] | None = None,
    gsd_m: float | None = None,
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> None:
    """Write `out`, an HTML page that needs no other file and no network.

    result: a GeoPackage that `detect` wrote. scene: its scene, and bands, gsd_m as in
    `pdn_geo.detect`; only looked at, so other bands give another picture; default the gsd_m
    that `detect` was told. progress: called with a stage, "scene" or "chips", and the share of
    it that is done.

    The same files give the same bytes. Raises VectorError (no such result, or of another
    scene), SceneError, OptionError, OutputError.
    """
    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"{out}: a report must end in .html")
    if not Path(out).parent.is_dir():
        raise OutputError(f"{out}: there is no folder {Path(out).parent}")
    with open_scene(scene, bands=bands, gsd_m=gsd_m) as opened:
        run = read_run(Path(result), opened.grid)
        overview = read_overview(opened, threads=threads, progress=progress)
        boats = run.boats[:MOST_BOATS]
        chips = cut_chips(opened, boats, contrast=overview.contrast, progress=progress)
        text = render(run, opened, overview, chips)
    with complete_or_absent(out) as place:
        place.write_text(text, encoding="utf-8", newline="\n")
