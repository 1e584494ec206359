"""The page, put together."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import PurePath
from string import Template

import numpy as np

from pdn_geo.grid import PixelGrid
from pdn_geo.io import RasterScene
from pdn_geo.report import layers, summary, table, words
from pdn_geo.report.chips import Chip
from pdn_geo.report.effort import draw_effort, effort_of, say_effort
from pdn_geo.report.overview import Overview, seen
from pdn_geo.report.run import Run
from pdn_geo.report.sectors import draw_sectors, searched_by_sector

MOST_BOATS = 5000
"""Rows and marks; a browser stays quick, and the file small."""


def render(run: Run, scene: RasterScene, overview: Overview, chips: Sequence[Chip]) -> str:
    """The whole page. All text of files is escaped; a policy in its head allows no network
    and no script but its own.
    """
    script, style = _part("script.js"), _part("style.css")
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    grid = run.grid
    name = PurePath(run.account.get("scene", scene.name)).name
    searched = seen(overview, run.looks, grid)
    searched_pixels = float((searched & overview.valid).sum()) * overview.stride**2
    return Template(_part("template.html")).substitute(
        policy=base64.b64encode(digest).decode("ascii"),
        style=style,
        script=script,
        name=escape(name),
        lede=summary.lede(run),
        headline=summary.as_list(summary.headline_facts(run, scene)),
        map=_map(run, grid, overview),
        boats=_boats(run),
        chips=_chips(run, chips),
        effort=_effort(run, grid),
        unsearched=escape(summary.unsearched_area(run, grid, searched_pixels)),
        expected=escape(summary.expected_there(run)),
        sectors=draw_sectors(searched_by_sector(overview.valid, searched), grid),
        facts=summary.as_list(summary.all_facts(run, scene)),
        notes=_notes(run),
    )


def _part(name: str) -> str:
    return files("pdn_geo.report").joinpath(name).read_text(encoding="utf-8")


def _map(run: Run, grid: PixelGrid, overview: Overview) -> str:
    east_north = grid.ground_jacobian(grid.width / 2, grid.height / 2)[:, 0]
    across = float(np.hypot(*east_north))
    gsd = f' data-gsd="{across:.6g}"' if np.isfinite(across) else ""
    return Template(_part("map.html")).substitute(
        width=grid.width,
        height=grid.height,
        gsd=gsd,
        picture=layers.draw_picture(overview.picture),
        unsearched=layers.draw_unsearched(run, grid),
        looks=layers.draw_looks(run),
        boats=layers.draw_boats(run.boats[:MOST_BOATS], grid),
        north=_north(grid),
    )


def _north(grid: PixelGrid) -> str:
    """An arrow to true north at the scene's centre; nothing without georeferencing."""
    jacobian = grid.ground_jacobian(grid.width / 2, grid.height / 2)
    if not (grid.is_georeferenced and np.isfinite(jacobian).all() and np.linalg.det(jacobian)):
        return ""
    x, y = np.linalg.solve(jacobian, [0.0, 1.0])
    turn = np.degrees(np.arctan2(x, -y))
    return (
        '<svg class="north" viewBox="-16 -16 32 32" role="img" aria-label="North arrow">'
        f'<g transform="rotate({turn:.1f})"><path d="M0 -13L7 9L0 4.5L-7 9Z"/></g></svg>'
    )


def _boats(run: Run) -> str:
    if not run.boats:
        said = "No close look was made."
        if run.looks:
            looks = words.count(len(run.looks), "close look")
            said = f"{looks} showed nothing that scored enough."
        return (
            '<div class="none"><p><strong>No boats found.</strong></p>'
            f"<p>{said} That says nothing of what was not looked at: see below.</p></div>"
        )
    shown = run.boats[:MOST_BOATS]
    lonlat = any(boat.lon == boat.lon for boat in shown)
    metres = any(boat.length_m == boat.length_m for boat in shown)
    cut = ""
    if len(shown) < len(run.boats):
        cut = f" The best {len(shown):,} of {len(run.boats):,}: the others are in the file."
    return Template(_part("boats.html")).substitute(
        lowest=f"{int(shown[-1].score * 100) / 100:.2f}",
        total=len(shown),
        head=table.table_head(lonlat=lonlat, metres=metres),
        rows=table.table_rows(shown, lonlat=lonlat, metres=metres),
        cut=cut,
    )


def _chips(run: Run, chips: Sequence[Chip]) -> str:
    if not chips:
        return ""
    which = "Every boat" if len(chips) == len(run.boats) else f"The best {len(chips):,} boats"
    metres = any(boat.length_m == boat.length_m for boat in run.boats)
    return (
        '<section aria-labelledby="chips-title"><h2 id="chips-title">At full resolution</h2>'
        f'<p class="said">{which} with hull, rank and score, stretched each for itself. '
        "The hull hides under the pointer.</p>"
        f'<div class="chips">{table.gallery(chips, metres=metres)}</div></section>'
    )


def _effort(run: Run, grid: PixelGrid) -> str:
    effort = effort_of(run, grid.width * grid.height)
    if effort is None:
        return '<p class="said">No look found a boat, so there is no curve to draw.</p>'
    return (
        f'<p class="said" id="effort-said">{escape(say_effort(effort))} Every detection is '
        "counted as a boat, false alarms too.</p>"
        f'<figure class="effort">{draw_effort(effort)}<figcaption>'
        '<span class="found">found</span><span class="expected">expected by the coarse view, '
        'scaled</span><span class="even">same effort, spread evenly</span>'
        "</figcaption></figure>"
    )


def _notes(run: Run) -> str:
    notes = run.account.get("notes", "").strip()
    return f'<p class="notes"><b>Notes.</b> {escape(notes)}</p>' if notes else ""
