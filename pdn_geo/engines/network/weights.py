"""Where weights are: those that ship with the package, and a user's own."""

import math
from dataclasses import dataclass
from pathlib import Path

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.inputs import UNKNOWN_GSD_M
from pdn_geo.errors import WeightsError

STEM = "patch"
"""What `export` calls its files, but for the suffix; what ships begins with it."""

SUFFIXES = {"onnx": ".onnx", "torch": ".safetensors"}
"""The file that each engine runs."""

_SHIPPED = Path(__file__).parents[2] / "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """path: the file that was asked for. card: what the weights are."""

    path: Path
    card: ModelCard

    @property
    def engine(self) -> str:
        """The engine whose file was asked for, "onnx" or "torch"."""
        return next(engine for engine, suffix in SUFFIXES.items() if suffix == self.path.suffix)

    def file_for(self, engine: str) -> Path:
        """The weights as `engine` takes them. Raises WeightsError where they are not there."""
        path = self.path.with_suffix(SUFFIXES[engine])
        if not path.is_file():
            raise WeightsError(path, f"no such file, and engine {engine} needs it")
        return path


def shipped_weights() -> list[Weights]:
    """Those of the package, if any do ship with this version. Raises WeightsError."""
    return [load_weights(path) for path in sorted(_SHIPPED.glob(f"{STEM}*.onnx"))]


def load_weights(path: str | Path | None = None, *, gsd_m: float = math.nan) -> Weights:
    """The weights in a file with the card beside it, by default those of the package.

    path: .onnx or .safetensors; the card has the same name and ends in .json. gsd_m: metres
    per pixel, NaN if unknown, by which those of the package are chosen: trained on pixels of
    that size, and on the fewest others. Raises WeightsError when a file is missing, or the
    card is none.
    """
    if path is None:
        return _closest(shipped_weights(), gsd_m if math.isfinite(gsd_m) else UNKNOWN_GSD_M)
    path = Path(path)
    if path.suffix not in SUFFIXES.values():
        raise WeightsError(path, f"weights end in {' or '.join(SUFFIXES.values())}")
    if not path.is_file():
        raise WeightsError(path, "no such file")
    return Weights(path=path, card=ModelCard.load(path.with_suffix(".json")))


def _closest(weights: list[Weights], gsd_m: float) -> Weights:
    if not weights:
        raise WeightsError(_SHIPPED, "no weights ship with this version")

    def fit(one: Weights) -> tuple[float, float]:
        """Octaves by which a GSD is missed, and octaves trained on."""
        low, high = one.card.gsd_m
        return abs(math.log2(gsd_m / min(max(gsd_m, low), high))), math.log2(high / low)

    return min(weights, key=fit)
