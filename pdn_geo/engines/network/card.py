"""What a set of weights is: what it was made from, what it takes, how good it is."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from pdn_geo.engines.network.inputs import CHANNELS, UNKNOWN_GSD_M
from pdn_geo.engines.network.maps import MAPS, ScoreLaw
from pdn_geo.errors import WeightsError

_LISTS = ("sources", "sites", "bands", "gsd_m", "thresholds", "limits", "channels", "maps")
_NUMBERS = ("seed", "stride")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Images or labels that the weights were trained on, and the terms they came under."""

    name: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The facts about one set of weights; a JSON file beside them holds the same.

    trained: date, YYYY-MM-DD. sites: names of the places trained on. command, seed: what
    trains them again. backbone, stride: as `PatchNetwork` takes them. channels, maps: what
    goes in and comes out, in order. bands: what a scene must have. gsd_m: least and most
    metres per pixel trained on. score: from logit to probability. thresholds: pairs of
    a GSD in metres and the score from which a detection is best taken for a boat. figures: by
    sensor or scene class, by measure. limits: a sentence each. Raises ValueError for a
    value that makes no sense.
    """

    name: str
    version: str
    trained: str
    sources: tuple[DataSource, ...]
    sites: tuple[str, ...]
    seed: int
    command: str
    backbone: str
    stride: int
    bands: tuple[str, ...]
    gsd_m: tuple[float, float]
    score: ScoreLaw
    thresholds: tuple[tuple[float, float], ...]
    figures: Mapping[str, Mapping[str, float]]
    limits: tuple[str, ...]
    channels: tuple[str, ...] = CHANNELS
    maps: tuple[str, ...] = MAPS

    def __post_init__(self) -> None:
        if self.channels != CHANNELS or self.maps != MAPS:
            raise ValueError("the network takes or gives other channels than this version's")
        if self.stride not in (2, 4):
            raise ValueError(f"stride must be 2 or 4, got {self.stride}")
        if not self.thresholds or not all(
            gsd_m > 0 and 0 <= score <= 1 for gsd_m, score in self.thresholds
        ):
            raise ValueError(
                f"thresholds must be pairs of a GSD and a score of 0 to 1, got {self.thresholds}"
            )
        law = self.score
        if not all(map(math.isfinite, astuple(law))) or law.a <= 0 or min(law.d, law.e) < 0:
            raise ValueError(f"score must be finite, a positive, d and e not negative, got {law}")
        if len(self.gsd_m) != 2 or not 0 < self.gsd_m[0] <= self.gsd_m[1]:
            raise ValueError(f"gsd_m must be the least and the most, got {self.gsd_m}")

    def threshold_at(self, gsd_m: float) -> float:
        """The score from which a detection is best taken for a boat.

        gsd_m: metres per pixel, NaN if unknown; between two that are listed the score runs
        evenly in octaves, beyond them it stays.
        """
        listed, scores = zip(*sorted(self.thresholds), strict=True)
        gsd_m = gsd_m if math.isfinite(gsd_m) else UNKNOWN_GSD_M
        return float(np.interp(math.log(gsd_m), np.log(listed), scores))

    @property
    def title(self) -> str:
        """Name and version, as a result states them."""
        return f"{self.name} {self.version}"

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, path: Path) -> None:
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """Raises ValueError for anything but a card, and says what is wrong with it."""
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
        _check_keys(content, [field.name for field in fields(cls)])
        try:
            return cls(**{name: _value(name, value) for name, value in content.items()})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"a value is of the wrong kind ({error})") from error

    @classmethod
    def load(cls, path: Path) -> "ModelCard":
        """Raises WeightsError when the file is missing or no card."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise WeightsError(path, f"no model card: {reason}") from error
        except ValueError as error:
            raise WeightsError(
                path, f"not a model card that this version reads: {error}"
            ) from error


def _check_keys(content: Mapping[str, Any], wanted: Sequence[str]) -> None:
    for words, names in (
        ("lacks", [name for name in wanted if name not in content]),
        ("has unknown", [name for name in content if name not in wanted]),
    ):
        if names:
            raise ValueError(f"it {words} {', '.join(names)}")


def _value(name: str, value: Any) -> Any:
    """The value of a field, from what JSON has for it."""
    if name in _LISTS and not isinstance(value, list):
        raise ValueError(f"{name} must be a list, got {value!r}")
    if name in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if name == "sources":
        return tuple(DataSource(**source) for source in value)
    if name == "score":
        return ScoreLaw(**value)
    if name == "thresholds":
        return tuple((float(gsd_m), float(score)) for gsd_m, score in value)
    return tuple(value) if name in _LISTS else value
