"""The errors that users meet. Each is also the built-in error that fits it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdn_geo.geometry import Window


class PdnGeoError(Exception):
    """Root of every error that pdn-geo raises on purpose."""


class OptionError(PdnGeoError, ValueError):
    """An option or argument has a value that makes no sense."""


class SceneError(PdnGeoError, OSError):
    """A scene cannot be opened or read; the text is ``<scene>: <reason>``."""

    def __init__(self, scene: str, reason: str) -> None:
        super().__init__(f"{scene}: {reason}")
        self.scene = scene
        self.reason = reason


class BlockReadError(SceneError):
    """One window of an otherwise readable scene cannot be decoded."""

    def __init__(self, scene: str, window: "Window", reason: str) -> None:
        where = f"columns {window.col_off}-{window.col_end}, rows {window.row_off}-{window.row_end}"
        super().__init__(scene, f"cannot read {where}: {reason}")
        self.window = window


class VectorError(PdnGeoError, OSError):
    """A vector file (area of interest, water, land, truth) cannot be used."""


class WeightsError(PdnGeoError, OSError):
    """Weights cannot be used; the text is ``<file>: <reason>``."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class OutputError(PdnGeoError, OSError):
    """A result cannot be written; nothing is left at its path."""
