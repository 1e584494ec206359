"""From features to the probability of a boat."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdn_geo.engines.classical.features import NAMES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreModel:
    """Log-odds: bias + x @ weights + tanh(x @ hidden + hidden_bias) @ out, where x are the
    features (N, F), clipped to what the fit has seen. F = len(NAMES), in their order.

    weights, low, high: (F,). hidden: (F, H). hidden_bias, out: (H,). calibration: slope
    and shift (Platt 1999), which make log-odds of chosen regions a probability.
    """

    weights: Floats
    bias: float
    low: Floats = field(default_factory=lambda: np.full(len(NAMES), -np.inf))
    high: Floats = field(default_factory=lambda: np.full(len(NAMES), np.inf))
    hidden: Floats = field(default_factory=lambda: np.zeros((len(NAMES), 0)))
    hidden_bias: Floats = field(default_factory=lambda: np.zeros(0))
    out: Floats = field(default_factory=lambda: np.zeros(0))
    calibration: Floats = field(default_factory=lambda: np.array([1.0, 0.0]))

    def __post_init__(self) -> None:
        if self.weights.shape != (len(NAMES),) or not np.isfinite(self.weights).all():
            raise ValueError(f"weights must be {len(NAMES)} numbers, got {self.weights}")

    def logit(self, features: Floats) -> Floats:
        """Log-odds of a hull, (N,): which of nested regions is the best one."""
        x = np.clip(features, self.low, self.high)
        return self.bias + x @ self.weights + np.tanh(x @ self.hidden + self.hidden_bias) @ self.out

    def probability(self, features: Floats) -> Floats:
        """(N,), 0-1: the share of hits among chosen regions like these."""
        slope, shift = self.calibration
        odds = slope * self.logit(features) + shift
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -50, 50))))

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ScoreModel":
        """The inverse of `to_dict`; a record of `bias` and one weight for each of NAMES is a
        plain logistic regression. Raises ValueError where the features are not NAMES.
        """
        more = {"low", "high", "hidden", "hidden_bias", "out", "calibration"} & set(record)
        wanted = {"bias", *NAMES}
        if set(record) - more != wanted:
            raise ValueError(f"score model lacks or adds {sorted(wanted ^ (set(record) - more))}")
        arrays = {name: np.array(record[name], dtype=np.float64) for name in more}
        weights = np.array([record[name] for name in NAMES], dtype=np.float64)
        return cls(weights=weights, bias=record["bias"], **arrays)

    def to_dict(self) -> dict[str, Any]:
        """Weights by name and the rest as lists, rounded to what matters."""
        numbers = {"bias": self.bias, **dict(zip(NAMES, self.weights, strict=True))}
        record: dict[str, Any] = {name: round(float(v), 5) for name, v in numbers.items()}
        for name in ("low", "high", "hidden", "hidden_bias", "out", "calibration"):
            record[name] = np.round(getattr(self, name), 5).tolist()
        return record

    @classmethod
    def from_json(cls, path: str | Path) -> "ScoreModel":
        """Read what `json.dump(model.to_dict())` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


@cache
def default_score_model() -> ScoreModel:
    """The coefficients that ship with the package; docs/decisions/0003 says whence."""
    text = resources.files(__package__).joinpath("scores.json").read_text(encoding="utf-8")
    return ScoreModel.from_dict(json.loads(text))
