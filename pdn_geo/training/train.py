"""`train`: from a config to weights, readable top to bottom."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from pdn_geo.engines.network.card import DataSource, ModelCard
from pdn_geo.engines.network.export import export
from pdn_geo.engines.network.inputs import NEEDED, UNKNOWN_GSD_M
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.engines.network.weights import load_weights, shipped_weights
from pdn_geo.errors import OptionError, WeightsError
from pdn_geo.models.patch_network import PatchNetwork
from pdn_geo.training.checkpoint import read_checkpoint
from pdn_geo.training.config import NONE, SHIPPED, SceneSource, TrainingConfig
from pdn_geo.training.dataset import Dataset, leading_gsd, read_dataset
from pdn_geo.training.log import Entry
from pdn_geo.training.loop import fit
from pdn_geo.training.losses import patch_loss

_LIMITS = (
    "Trained by a user of pdn-geo; what it finds elsewhere has not been measured.",
    "Its scores have not been calibrated.",
)
_THRESHOLD = 0.3
"""The focal loss leaves boats that the network is sure of below one half."""


@dataclass(frozen=True)
class Outcome:
    """step: the step reached, of `steps`. weights: the .onnx file; None before the last step."""

    step: int
    steps: int
    weights: Path | None


def train(
    config: TrainingConfig,
    *,
    resume: bool = False,
    max_minutes: float | None = None,
    progress: Callable[[str, Entry | None], None] | None = None,
) -> Outcome:
    """Train the patch network on a GPU if there is one, else on the CPU.

    resume: go on from the checkpoint in the run's folder, if there is one. max_minutes: of
    training, after which a checkpoint is written. progress: called with what is being done, and
    with the log's entry while fitting. After the last step the averaged weights are written to
    the folder as `pdn-geo detect --weights` takes them. Raises PdnGeoError.
    """
    run = config.run
    if max_minutes is not None and not max_minutes > 0:
        raise OptionError(f"max_minutes must be positive, got {max_minutes}")
    torch.manual_seed(run.seed)
    network, start = start_network(config)
    tell = progress or _silent
    dataset = read_dataset(
        config, stride=network.stride, progress=lambda name: tell(f"reading {name}", None)
    )
    step = fit(
        network,
        dataset.batches,
        patch_loss,
        run,
        run.out,
        device="cuda" if torch.cuda.is_available() else "cpu",
        resume=resume,
        max_seconds=None if max_minutes is None else 60 * max_minutes,
        progress=lambda entry: tell("training", entry),
    )
    is_first = os.environ.get("RANK", "0") == "0"
    if step < run.steps or not is_first:
        return Outcome(step, run.steps, None)
    tell("exporting", None)
    return Outcome(step, run.steps, _export(network, config, dataset, start))


def _silent(stage: str, entry: Entry | None) -> None:
    pass


def start_network(config: TrainingConfig) -> tuple[PatchNetwork, ModelCard | None]:
    """The network to start from, and the card of its weights if it has any.

    Raises OptionError, WeightsError, SceneError.
    """
    asked = config.network
    if asked.weights == NONE:
        try:
            return PatchNetwork(asked.backbone, asked.stride), None
        except (RuntimeError, ValueError) as error:  # timm's own, for a name it does not know
            raise OptionError(f"backbone {asked.backbone!r}: {error}") from error
    if asked.weights == SHIPPED:
        if not shipped_weights():
            raise OptionError('no weights ship with this version; set weights = "none" or a file')
        weights = load_weights(gsd_m=leading_gsd(config))
    else:
        weights = load_weights(asked.weights)
    card, path = weights.card, weights.file_for("torch")
    network = PatchNetwork(card.backbone, card.stride)
    try:
        network.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise WeightsError(path, "damaged, or not the weights that its card says") from error
    return network, card


def _export(
    network: PatchNetwork, config: TrainingConfig, dataset: Dataset, start: ModelCard | None
) -> Path:
    stored = read_checkpoint(config.run.out)
    assert stored is not None  # fit writes one at its end
    network.load_state_dict(stored.ema)
    return export(network, _card(config, network.stride, dataset, start), config.run.out)


def _card(
    config: TrainingConfig, stride: int, dataset: Dataset, start: ModelCard | None
) -> ModelCard:
    """What is known of the new weights; their scores are read as those of the old ones."""
    low, high = dataset.gsd_m
    known = np.isfinite(low)
    return ModelCard(
        name=config.run.out.resolve().name,
        version="1",
        trained=datetime.now(UTC).date().isoformat(),
        sources=tuple(_data_sources(config, start)),
        sites=dataset.sites,
        seed=config.run.seed,
        command=f"pdn-geo train {config.file.name}",
        backbone=start.backbone if start else config.network.backbone,
        stride=stride,
        bands=NEEDED,
        gsd_m=(low, high) if known else (UNKNOWN_GSD_M, UNKNOWN_GSD_M),
        score=start.score if start else ScoreLaw(),
        thresholds=start.thresholds if start else ((1.0, _THRESHOLD),),
        figures={},
        limits=_LIMITS,
    )


def _data_sources(config: TrainingConfig, start: ModelCard | None) -> Iterator[DataSource]:
    if start:
        yield DataSource(name=f"what {start.title} was trained on", licence="see its card")
    for source in config.sources:
        if isinstance(source, SceneSource):
            scenes = ", ".join(pair.scene.name for pair in source.scenes)
            yield DataSource(name=f"scenes of the user: {scenes}", licence="not stated")
        else:
            yield DataSource(name=f"{source.seas} simulated seas", licence="Apache-2.0")
