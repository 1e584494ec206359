"""What a training run is asked to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdn_geo.errors import OptionError

NONE, SHIPPED = "none", "shipped"


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How a network is fitted.

    warm_up: share of the steps. ema: decay of the running average per step. clip: greatest norm
    of a step's gradient. bf16: autocast; slower on CPUs without AMX or AVX512-BF16.
    freeze_steps: for so many the backbone does not learn (sensible only from trained weights).
    workers: processes that make batches. A checkpoint is due after either interval.
    Raises OptionError.
    """

    steps: int
    learning_rate: float = 1e-3
    warm_up: float = 0.05
    weight_decay: float = 0.05
    ema: float = 0.999
    clip: float = 1.0
    seed: int = 0
    bf16: bool = False
    freeze_steps: int = 0
    workers: int = 1
    checkpoint_steps: int = 500
    checkpoint_minutes: float = 5.0

    def __post_init__(self) -> None:
        _check(
            self,
            {
                "steps": (self.steps >= 1, "at least 1"),
                "learning_rate": (self.learning_rate > 0, "positive"),
                "warm_up": (0 <= self.warm_up < 1, "a share, from 0 to below 1"),
                "weight_decay": (self.weight_decay >= 0, "0 or more"),
                "ema": (0 <= self.ema < 1, "from 0 to below 1"),
                "clip": (self.clip > 0, "positive"),
                "seed": (self.seed >= 0, "0 or more"),
                "freeze_steps": (self.freeze_steps >= 0, "0 or more"),
                "workers": (self.workers >= 0, "0 or more"),
                "checkpoint_steps": (self.checkpoint_steps >= 1, "at least 1"),
                "checkpoint_minutes": (self.checkpoint_minutes > 0, "positive"),
            },
        )


@dataclass(frozen=True, kw_only=True)
class RunConfig(LoopConfig):
    """The loop, where its results go, and its batches: `batch` crops of crop_px x crop_px."""

    out: Path
    batch: int = 16
    crop_px: int = 192

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = self.crop_px >= 64 and self.crop_px % 32 == 0
        _check(
            self,
            {
                "batch": (self.batch >= 1, "at least 1"),
                "crop_px": (fits, "a multiple of 32 from 64 up"),
            },
        )


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Where training starts.

    weights: "shipped" (those of the package), "none", or a file as `pdn-geo detect --weights`
    takes it. backbone, stride: of a network that starts from none; weights bring their own.
    """

    weights: Path | str = SHIPPED
    backbone: str = "light"
    stride: int = 4

    def __post_init__(self) -> None:
        _check(self, {"stride": (self.stride in (2, 4), "2 or 4")})


@dataclass(frozen=True, kw_only=True)
class LabelledScene:
    """A scene and its labels; no labels: it holds no boats."""

    scene: Path
    labels: Path | None


@dataclass(frozen=True, kw_only=True)
class SceneSource:
    """Crops of scenes. bands, gsd_m: as `pdn-geo detect` takes them, for all of them."""

    scenes: tuple[LabelledScene, ...]
    bands: tuple[int | str, ...] | None = None
    gsd_m: float | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check(
            self,
            {
                "gsd_m": (self.gsd_m is None or self.gsd_m > 0, "positive"),
                "weight": (self.weight > 0, "positive"),
            },
        )


@dataclass(frozen=True, kw_only=True)
class SimulatedSource:
    """Crops of `seas` simulated seas, drawn when first needed and kept in the run's folder."""

    seas: int = 48
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check(
            self,
            {
                "seas": (self.seas >= 1, "at least 1"),
                "weight": (self.weight > 0, "positive"),
            },
        )


Source = SceneSource | SimulatedSource


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A whole run. file: where it was read from. Raises OptionError."""

    file: Path
    network: NetworkConfig
    run: RunConfig
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        if not self.sources:
            raise OptionError("there is no [[source]] to train on")
        if self.run.freeze_steps and self.network.weights == NONE:
            raise OptionError('freeze_steps needs trained weights, but weights is "none"')


def _check(config: Any, checks: dict[str, tuple[bool, str]]) -> None:
    for name, (holds, wanted) in checks.items():
        if not holds:
            raise OptionError(f"{name} must be {wanted}, got {getattr(config, name)}")
