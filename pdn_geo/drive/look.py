"""One look: a window to read at full resolution, and why."""

from dataclasses import dataclass

from pdn_geo.geometry import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """order: 0 for the first look of a run. window: inside the scene. reason: in words
    for an analyst. expected_boats: what the saliency map expected, when the look was
    chosen, in those cells that the window sees whole and no earlier look has seen.
    """

    order: int
    window: Window
    reason: str
    expected_boats: float
