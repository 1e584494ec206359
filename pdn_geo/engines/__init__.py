"""What finds boats in a patch, behind one interface."""

from pdn_geo.engines.base import Patch, PatchDetector
from pdn_geo.engines.classical import ClassicalDetector
from pdn_geo.errors import OptionError

__all__ = ["ClassicalDetector", "Patch", "PatchDetector", "load_detector"]

_DETECTORS = {"classical": ClassicalDetector}


def load_detector(name: str) -> PatchDetector:
    """The detector that `--model` names. Raises OptionError for any other name."""
    if name not in _DETECTORS:
        raise OptionError(f"model must be one of {', '.join(_DETECTORS)}, got {name!r}")
    return _DETECTORS[name]()
