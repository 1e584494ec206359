"""The boats as rows and as a gallery of chips."""

import math
from collections.abc import Sequence
from html import escape

from pdn_geo.report import words
from pdn_geo.report.chips import Chip
from pdn_geo.report.colours import boat_colours
from pdn_geo.report.layers import hull_path
from pdn_geo.report.run import Boat


def table_head(*, lonlat: bool, metres: bool) -> str:
    """The heading cells: each a button that sorts."""
    first, second = ("Latitude", "Longitude") if lonlat else ("x, px", "y, px")
    length = "Length, m" if metres else "Length, px"
    columns = ("#", "Score", length, "Heading", "Wake", first, second)
    cells = []
    for i, column in enumerate(columns):
        state = ' aria-sort="ascending"' if i == 0 else ""
        label = ' aria-label="Rank by score"' if i == 0 else ""
        button = f'<button type="button"{label}>{escape(column)}</button>'
        cells.append(f'<th scope="col"{state}>{button}</th>')
    return "".join(cells)


def table_rows(boats: Sequence[Boat], *, lonlat: bool, metres: bool) -> str:
    """One row a boat; every cell carries the number it is sorted by."""
    colours = boat_colours([boat.score for boat in boats])
    return "\n".join(
        _row(boat, colour, lonlat=lonlat, metres=metres)
        for boat, colour in zip(boats, colours, strict=True)
    )


def _row(boat: Boat, colour: str, *, lonlat: bool, metres: bool) -> str:
    length = boat.length_m if metres else boat.size
    cells = [
        (boat.score, f"<i></i>{boat.score:.2f}"),
        (length, words.number(length, 1)),
        (boat.heading_deg, words.heading(boat)),
        (boat.wake, words.number(boat.wake, 2)),
    ]
    if lonlat:
        cells += [(boat.lat, _degrees(boat.lat, "NS")), (boat.lon, _degrees(boat.lon, "EW"))]
    else:
        cells += [(v, words.number(v, 1)) for v in (boat.x, boat.y)]
    tds = "".join(f"<td{_sorted_by(value)}>{text}</td>" for value, text in cells)
    place = f'data-x="{boat.x:.1f}" data-y="{boat.y:.1f}" data-size="{boat.size:.1f}"'
    return (
        f'<tr id="boat-{boat.rank}" data-boat="{boat.rank}" {place} style="--c:{colour}">'
        f'<th scope="row" data-v="{boat.rank}"><button type="button" '
        f'aria-label="Show boat {boat.rank}">{boat.rank}</button></th>{tds}</tr>'
    )


def _sorted_by(value: float) -> str:
    return "" if math.isnan(value) else f' data-v="{value:.7g}"'


def _degrees(value: float, sides: str) -> str:
    if math.isnan(value):
        return words.UNKNOWN
    return f"{abs(value):.5f}° {sides[0] if value >= 0 else sides[1]}"


def gallery(chips: Sequence[Chip], *, metres: bool) -> str:
    """A figure a chip; what places it in the scene stands at its picture."""
    return "\n".join(_figure(chip, metres=metres) for chip in chips)


def _figure(chip: Chip, *, metres: bool) -> str:
    boat, w = chip.boat, chip.window
    cols, rows = -(-w.width // chip.step), -(-w.height // chip.step)
    hull = hull_path(boat, origin=(w.col_off, w.row_off), step=chip.step)
    length = f"{boat.length_m:.0f} m" if metres and boat.length_m == boat.length_m else ""
    caption = [f"<b>{boat.rank}</b>", f"{boat.score:.2f}", length]
    if chip.step > 1:
        caption.append(f"1 : {chip.step}")
    place = (
        f'data-x="{w.col_off}" data-y="{w.row_off}" '
        f'data-width="{cols * chip.step}" data-height="{rows * chip.step}"'
    )
    (colour,) = boat_colours([boat.score])
    return (
        f'<figure class="chip" data-boat="{boat.rank}" style="--c:{colour}">'
        f'<button type="button" aria-label="Show boat {boat.rank} in the scene">'
        f'<svg viewBox="0 0 {cols} {rows}" {place} aria-hidden="true">'
        f'<image width="{cols}" height="{rows}" href="{chip.uri}"/>'
        f'<path class="hull" d="{hull}"/></svg></button>'
        f"<figcaption>{' <span>·</span> '.join(part for part in caption if part)}</figcaption>"
        "</figure>"
    )
