"""The run in words: the honest sentence first, then the facts."""

import math
from datetime import datetime
from html import escape

import numpy as np

from pdn_geo.grid import PixelGrid
from pdn_geo.io import RasterScene
from pdn_geo.io.acquired import acquisition_time
from pdn_geo.report import words
from pdn_geo.report.run import Run


def lede(run: Run) -> str:
    """What was found, how much was searched, what is expected in the rest. HTML."""
    boats = len(run.boats)
    found = words.count(boats, "boat") if boats else "No boats"
    share, missed = run.number("searched_share"), run.number("expected_missed")
    said = [f"<strong>{found}</strong> found."]
    if not run.looks:
        said.append("<strong>Nothing</strong> was looked at closely.")
    elif share >= 1:
        said.append("Looked closely at <strong>all</strong> of the searchable area.")
    elif not math.isnan(share):
        part = f"<strong>{words.percent(share)}</strong> of the searchable area"
        said.append(f"Looked closely at {part}; not at {words.percent(1 - share)} of it.")
    if math.isnan(missed):
        said.append("How many boats lie outside the looks is not known.")
        return " ".join(said)
    rest = f"Expect <strong>{words.about(missed)}</strong> outside the looks"
    most = run.number("missed_at_most")
    if most > 0:
        rest += f", at most <strong>{most:,.0f}</strong> with 90 % probability"
    return " ".join([*said, f"{rest}."])


def unsearched_area(run: Run, grid: PixelGrid, searched_pixels: float) -> str:
    """What was not looked at in a sentence, as plain text.

    searched_pixels: with data, in some look.
    """
    share = run.number("searched_share")
    if math.isnan(share):
        return "How much was left unsearched is not known."
    if share >= 1:
        return "All of the searchable area was looked at closely."
    said = f"{words.percent(1 - share)} of the searchable area was not looked at closely"
    pixels = searched_pixels * (1 - share) / share if share > 0 else math.nan
    km2 = pixels * grid.gsd_m**2 / 1e6
    return f"{said}: about {words.area(km2)}." if np.isfinite(km2) else f"{said}."


def expected_there(run: Run) -> str:
    """How many boats may be where nobody looked, as plain text."""
    missed, most = run.number("expected_missed"), run.number("missed_at_most")
    if math.isnan(missed):
        return f"How many boats are there is not known. {_OVERLOOKED}"
    said = f"Boats expected there from the coarse view of the whole scene: {words.about(missed)}"
    bound = f"; in nine cases of ten {most:,.0f} or fewer" if most > 0 else ""
    return f"{said}{bound}. {_OVERLOOKED}"


_OVERLOOKED = "Boats that the detector overlooked inside a look are not counted."


def headline_facts(run: Run, scene: RasterScene) -> list[tuple[str, str]]:
    """The few that stand below the title: (name, value), plain text."""
    grid = run.grid
    facts = [
        ("GSD", words.number(grid.gsd_m, 2, " m")),
        ("Size", f"{grid.width:,} × {grid.height:,} px"),
        ("CRS", scene.crs_text or "none, pixel coordinates"),
        ("Result of", _minute(run.date)),
        ("Model", run.account.get("model", words.UNKNOWN)),
    ]
    dated = acquisition_time(scene.path) if scene.path else None
    if dated is not None:
        facts.insert(3, ("Scene dated", _minute(dated.time)))
    if run.account.get("threshold"):
        facts.append(("Threshold", run.account["threshold"]))
    return facts


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def all_facts(run: Run, scene: RasterScene) -> list[tuple[str, str]]:
    """Everything else that the file and the scene say: (name, value), plain text."""
    grid = run.grid
    km2 = grid.width * grid.height * grid.gsd_m**2 / 1e6
    size = f"{grid.width * grid.height / 1e6:,.1f} Mpx, {scene.dtype}"
    if np.isfinite(km2):
        size += f", {words.area(km2)}"
    patches = words.number(run.number("patches"), 1)
    facts = [
        ("Scene", run.account.get("scene", scene.name)),
        ("Extent", size),
        ("Bands", ", ".join(scene.band_names)),
        ("Georeferencing", run.account.get("georeferencing", words.UNKNOWN)),
        ("Close looks", f"{len(run.looks):,}, {patches} patches of 512 × 512 px"),
    ]
    if run.boats:
        scores = [boat.score for boat in run.boats]
        facts.append(("Scores", f"{min(scores):.2f} to {max(scores):.2f}"))
        facts.append(("Sum of the scores", f"{sum(scores):,.1f} boats, as the detector sees it"))
    version = run.account.get("pdn_geo_version", words.UNKNOWN)
    return [*facts, ("Found by", f"pdn-geo {version}")]


def as_list(facts: list[tuple[str, str]]) -> str:
    """Facts as the inside of a <dl>."""
    return "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
