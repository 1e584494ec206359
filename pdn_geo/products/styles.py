"""How QGIS draws our layers: boats by score, looks by order, what was not searched."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from pdn_geo.products import qml
from pdn_geo.products.colours import LOOK_COLOURS, SCORE_COLOURS
from pdn_geo.products.result import Findings

_DARK = "#0b1520"
_CASING = "#0b1520c0"
_HULL_M = 0.004
"""A hull at least this long on the map (metres of paper or screen) is drawn as such, a
shorter one as a ring."""
_LABEL_M = 0.009
"""A hull at least this long on the map has its label."""
_LOOK_LABEL_M = 0.008

_ON_MAP = 'coalesce("length_m" / @map_scale, 1)'
_COURSE = """with_variable('bow', centroid(make_line(point_n($geometry, 1), point_n($geometry, 4))),
make_line(@bow, make_point(
1.6 * x(@bow) - 0.6 * x(centroid($geometry)), 1.6 * y(@bow) - 0.6 * y(centroid($geometry)))))"""
"""From the middle of the bow's edge onwards; a hull's ring starts left of the bow."""

_SIZE = """format_number("length_m", 0) || ' × ' || format_number("width_m", 0) || ' m'"""
_HEADING = """lpad(round("heading_deg") % 360, 3, '0') || '°' || if("heading_ambiguous",
'/' || lpad((round("heading_deg") + 180) % 360, 3, '0') || '°', '')"""

DETECTION_ALIASES = {
    "score": "Score (0–1)",
    "class": "Class",
    "length_m": "Length (m)",
    "width_m": "Width (m)",
    "heading_deg": "Heading (° from true north)",
    "heading_ambiguous": "Heading or its opposite",
    "wake": "Wake evidence (0–1)",
    "look": "Seen in look",
    "lon": "Longitude (°)",
    "lat": "Latitude (°)",
}
LOOK_ALIASES = {
    "order": "Order",
    "reason": "Reason",
    "expected_boats": "Boats expected",
    "detections": "Boats found",
}
MISSED_ALIASES = {
    "expected_missed": "Boats expected outside the looks",
    "missed_at_most": "At most (9 cases in 10)",
}


def layer_styles(findings: Findings) -> dict[str, tuple[Element, str]]:
    """Style and a line about it for each layer of the GeoPackage, the topmost first."""
    last = max((look.order for look in findings.looks), default=0)
    return {
        "detections": (detections_style(), "Boats by score; size and heading from near"),
        "looks": (looks_style(last), "Looks, numbered and coloured in order"),
        "unsearched": (unsearched_style(), "A veil where nobody looked"),
        "searched_area": (searched_area_style(), "The edge of what was searched"),
    }


def detections_style() -> Element:
    """Hulls coloured by score; rings from afar, size and heading in words from near."""
    tops = [1.0, *SCORE_COLOURS]
    classes = [
        qml.Class(low=low, high=high, label=f"{low:.1f} – {high:.1f}", symbol=_hull(colour))
        for (low, colour), high in zip(SCORE_COLOURS.items(), tops, strict=False)
    ]
    label = qml.labels(
        f"trim(concat({_SIZE}, '\\n', {_HEADING}))",
        colour="#ffffff",
        halo=_DARK,
        size_pt=9,
        shown_if=f"{_ON_MAP} >= {_LABEL_M}",
        placement={"placement": "8", "dist": "1", "distUnits": "MM", "priority": "7"},
    )
    tip = f"""<b>[% round("score", 2) %]</b> [% {_SIZE} %]<br>[% {_HEADING} %]"""
    parts = [qml.graduated("score", classes), label, qml.map_tip(tip)]
    return qml.document(parts=parts, labelled=True, aliases=DETECTION_ALIASES)


def _hull(colour: str) -> Sequence[Element]:
    near, far = f"{_ON_MAP} >= {_HULL_M}", f"{_ON_MAP} < {_HULL_M}"
    known = f'{near} and not "heading_ambiguous"'
    return [
        qml.ring(_CASING, 0.9, size=3.2, shown_if=far),
        qml.ring(colour, 0.45, size=3.2, shown_if=far),
        qml.outline(_CASING, 1.3, shown_if=near),
        qml.line_along(_COURSE, [qml.line(_CASING, 1.3), qml.line(colour, 0.6)], shown_if=known),
        qml.outline(colour, 0.6, shown_if=near),
    ]


def looks_style(last_order: int) -> Element:
    """Thin outlines from the first look, light, to the last, blue, with their numbers."""
    quarter = (last_order + 1) / len(LOOK_COLOURS)
    starts = sorted({round(quarter * i) for i in range(len(LOOK_COLOURS))})
    ends = [*(start - 1 for start in starts[1:]), max(last_order, starts[-1])]
    classes = [
        qml.Class(low=low, high=high, label=_numbers(low, high), symbol=[qml.outline(colour, 0.3)])
        for low, high, colour in zip(starts, ends, LOOK_COLOURS, strict=False)
    ]
    corner = "closest_point($geometry, make_point(x_min($geometry), y_max($geometry)))"
    label = qml.labels(
        '"order"',
        colour="#ffffff",
        halo=_DARK,
        size_pt=8,
        shown_if=f"sqrt($area) / @map_scale >= {_LOOK_LABEL_M}",
        placement={
            "placement": "1",  # over a point, which is the upper left corner
            "quadOffset": "8",  # below and to the right of it
            "xOffset": "0.8",
            "yOffset": "0.8",
            "offsetUnits": "MM",
            "geometryGenerator": corner,
            "geometryGeneratorEnabled": "1",
            "geometryGeneratorType": "PointGeometry",
        },
        overlapping=True,
    )
    tip = """<b>Look [% "order" %]</b>: [% "reason" %]<br>
[% "detections" %] found, [% round("expected_boats", 2) %] expected"""
    parts = [qml.graduated("order", classes), label, qml.map_tip(tip)]
    return qml.document(parts=parts, labelled=True, aliases=LOOK_ALIASES)


def _numbers(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} – {high}"


def unsearched_style() -> Element:
    """A light veil with hatching: nobody looked through it."""
    symbol = [qml.plain("#dfe8ee38"), qml.hatch("#f4f8fa70", 0.15, distance=2.5)]
    tip = """<b>Not searched</b><br>[% round("expected_missed", 1) %] boats expected here"""
    aliases = {"scene_share": "Share of the scene (0–1)", **MISSED_ALIASES}
    return qml.document(parts=[qml.single(symbol), qml.map_tip(tip)], aliases=aliases)


def searched_area_style() -> Element:
    """Nothing but its edge: what was searched stays clear to see."""
    aliases = {
        "scene": "Scene",
        "searched_share": "Share searched (0–1)",
        **MISSED_ALIASES,
        "looks": "Looks",
        "patches": "Patches of 512 px",
        "boats": "Boats found",
        "model": "Model",
        "pdn_geo_version": "pdn-geo version",
        "georeferencing": "Georeferencing",
        "notes": "Notes",
    }
    return qml.document(parts=[qml.single([qml.outline("#ffffffc0", 0.3)])], aliases=aliases)
