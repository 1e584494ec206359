"""Where weights are: those that ship with the package, and a user's own."""

from dataclasses import dataclass
from pathlib import Path

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.errors import WeightsError

STEM = "patch"
"""The name of the shipped files, and of those that `export` writes, but for the suffix."""

SUFFIXES = {"onnx": ".onnx", "torch": ".safetensors"}
"""The file that each engine runs."""

_SHIPPED = Path(__file__).parents[2] / "weights" / f"{STEM}.onnx"


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


def have_shipped_weights() -> bool:
    """Whether weights ship with this version."""
    return _SHIPPED.is_file()


def load_weights(path: str | Path | None = None) -> Weights:
    """The weights in a file with the card beside it, by default those of the package.

    path: .onnx or .safetensors; the card has the same name and ends in .json. Raises
    WeightsError when a file is missing, or the card is none.
    """
    path = _SHIPPED if path is None else Path(path)
    if path.suffix not in SUFFIXES.values():
        raise WeightsError(path, f"weights end in {' or '.join(SUFFIXES.values())}")
    if not path.is_file():
        raise WeightsError(path, "no such file")
    return Weights(path=path, card=ModelCard.load(path.with_suffix(".json")))
