"""The colours of boats and looks, the same in QGIS, picture, map and report."""

SCORE_COLOURS = {
    0.9: "#f7f056",
    0.8: "#fdbb45",
    0.7: "#f98e52",
    0.6: "#ec6a72",
    0.5: "#d9509a",
    0.0: "#9d5bd0",
}
"""Least score of a class to its colour: purple to yellow and ever lighter, so that the order
also shows without red and green; all stand out on dark water, and casings do the rest."""
BOAT_COLOURS = ("#9d5bd0", "#bb56b5", "#d9509a", "#f98e52", "#f7f056")
"""The same without classes: an even ramp over scores from 0 to 1."""
LOOK_COLOURS = ("#f4ffff", "#7fe3ee", "#3fa3d8", "#4a6fd0")
"""An even ramp from the first look to the last; in classes, the first quarter to the last."""
