"""What finds boats in a patch, behind one interface."""

import math
from pathlib import Path

from pdn_geo.engines.base import Patch, PatchDetector, TakesScenes
from pdn_geo.engines.classical import ClassicalDetector
from pdn_geo.engines.network import load_network
from pdn_geo.engines.network.weights import shipped_weights
from pdn_geo.errors import OptionError

__all__ = ["ClassicalDetector", "Patch", "PatchDetector", "TakesScenes", "load_detector"]

MODELS = ("auto", "network", "classical")


def load_detector(
    model: str = "auto",
    *,
    weights: str | Path | None = None,
    engine: str | None = None,
    device: str = "cpu",
    gsd_m: float = math.nan,
) -> PatchDetector:
    """The detector that `--model` names: "auto" is the network where there are weights.

    weights, engine, device, gsd_m: of the network, see `load_network`. Raises OptionError
    for any other name, and WeightsError.
    """
    if model not in MODELS:
        raise OptionError(f"model must be one of {', '.join(MODELS)}, got {model!r}")
    if model == "classical" and weights is not None:
        raise OptionError(f"model classical takes no weights, got {weights}")
    if model == "network" or weights is not None or (model == "auto" and shipped_weights()):
        return load_network(weights, engine, device, gsd_m=gsd_m)
    return ClassicalDetector()
