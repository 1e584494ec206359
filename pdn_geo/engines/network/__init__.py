"""Boats by a trained network, run by ONNX Runtime or by PyTorch."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from pdn_geo.engines.network.weights import SUFFIXES, Weights, load_weights
from pdn_geo.errors import OptionError

if TYPE_CHECKING:
    from pdn_geo.engines.network.detector import NetworkDetector, Runner


def load_network(
    weights: str | Path | None = None,
    engine: str | None = None,
    device: str = "cpu",
    *,
    gsd_m: float = math.nan,
) -> "NetworkDetector":
    """The detector for some weights, by default those of the package for a GSD in metres.

    engine: "onnx" or "torch"; by default what the file is for, and torch for another
    device than the CPU. Raises WeightsError, OptionError.
    """
    from pdn_geo.engines.network.detector import NetworkDetector

    if engine not in (None, *SUFFIXES):
        raise OptionError(f"engine must be one of {', '.join(SUFFIXES)}, got {engine!r}")
    if engine == "onnx" and device != "cpu":
        raise OptionError(f"engine onnx runs on the CPU: device {device!r} needs engine torch")
    found = load_weights(weights, gsd_m=gsd_m)
    if engine is None:
        engine = found.engine if device == "cpu" else "torch"
    return NetworkDetector(_runner(found, engine, device), found.card)


def _runner(weights: Weights, engine: str, device: str) -> "Runner":
    path = weights.file_for(engine)
    if engine == "onnx":
        from pdn_geo.engines.network.onnx_runner import OnnxRunner

        return OnnxRunner(path)
    try:
        from pdn_geo.engines.network.torch_runner import TorchRunner
    except ImportError as error:
        raise OptionError(
            f'engine torch needs the extra "torch", as in pip install "pdn-geo[torch]" ({error})'
        ) from error
    return TorchRunner(path, weights.card, device)
