"""Figures as people read them."""

import math

from pdn_geo.report.run import Boat

UNKNOWN = "–"


def count(n: int, noun: str) -> str:
    """A number with its noun: 1 boat, 2,345 boats."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def percent(share: float) -> str:
    """A share, 0-1; what is not nothing or all is never rounded to it."""
    if math.isnan(share):
        return UNKNOWN
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def about(boats: float) -> str:
    """An expected number of boats."""
    if boats == 0:
        return "none"
    if 0 < boats < 0.1:
        return "fewer than 0.1"
    return f"about {boats:.1f}" if boats < 10 else f"about {boats:,.0f}"


def area(km2: float) -> str:
    """Square kilometres to three figures."""
    decimals = 0 if km2 >= 100 else 1 if km2 >= 10 else 2 if km2 >= 1 else 3
    return f"{km2:,.{decimals}f} km²"


def number(value: float, decimals: int, unit: str = "") -> str:
    """A measurement, or a dash where it is unknown."""
    return UNKNOWN if math.isnan(value) else f"{value:,.{decimals}f}{unit}"


def heading(boat: Boat) -> str:
    """Three figures as at sea; both ends of the axis where the bow is not known."""
    if math.isnan(boat.heading_deg):
        return UNKNOWN
    ahead = round(boat.heading_deg) % 360
    return f"{ahead:03d}°" if boat.bow is not None else f"{ahead:03d}/{(ahead + 180) % 360:03d}°"
