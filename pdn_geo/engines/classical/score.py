"""From features to the probability of a boat."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdn_geo.engines.classical.features import NAMES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """Logistic regression: probability = 1 / (1 + exp(-(bias + features @ weights))).

    weights: (len(features.NAMES),), in the order of NAMES.
    """

    weights: Floats
    bias: float

    def __post_init__(self) -> None:
        if self.weights.shape != (len(NAMES),) or not np.isfinite(self.weights).all():
            raise ValueError(f"weights must be {len(NAMES)} numbers, got {self.weights}")

    def logit(self, features: Floats) -> Floats:
        """Log-odds of a boat, (N,), for features (N, len(NAMES))."""
        return features @ self.weights + self.bias

    def probability(self, features: Floats) -> Floats:
        """(N,), 0-1."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.logit(features), -50, 50))))

    @classmethod
    def from_dict(cls, record: dict[str, float]) -> "ScoreModel":
        """The inverse of `to_dict`. Raises ValueError where the features are not NAMES."""
        wanted = {"bias", *NAMES}
        if set(record) != wanted:
            raise ValueError(f"score model lacks or adds {sorted(wanted ^ set(record))}")
        return cls(np.array([record[name] for name in NAMES], dtype=np.float64), record["bias"])

    def to_dict(self) -> dict[str, float]:
        """Coefficients by name, rounded to what matters."""
        numbers = {"bias": self.bias, **dict(zip(NAMES, self.weights, strict=True))}
        return {name: round(float(value), 5) for name, value in numbers.items()}

    @classmethod
    def from_json(cls, path: str | Path) -> "ScoreModel":
        """Read what `json.dump(model.to_dict())` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


@cache
def default_score_model() -> ScoreModel:
    """The coefficients that ship with the package; docs/decisions/0003 says whence."""
    text = resources.files(__package__).joinpath("scores.json").read_text(encoding="utf-8")
    return ScoreModel.from_dict(json.loads(text))
