"""The patch networks that were trained without a fold of the real sites."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import real_scenes
from real_scenes import FOLDS, STRIDE
from safetensors.torch import load_file, save_file

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.engines.network.export import export
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.engines.network.onnx_runner import OnnxRunner
from pdn_geo.models.patch_network import PatchNetwork
from pdn_geo.training.checkpoint import read_checkpoint

WEIGHTS = Path(__file__).parent / "weights"
RECORD = WEIGHTS / "patch_folds.json"
"""Fold of every site, stride of the networks, score laws and thresholds, written by
calibrate_patch.py: training may have moved on to other folds and strides since."""


@cache
def folds_of_sites() -> dict[str, int]:
    """Site to the fold whose network never saw it."""
    return dict(record()["sites"])


def keep_folds(runs: Path) -> None:
    """Store the folds' trained networks at half precision; laws and thresholds are to follow."""
    WEIGHTS.mkdir(exist_ok=True)
    for fold in range(FOLDS):
        state = trained_network(runs / f"fold_{fold}").state_dict()
        halves = {name: value.half() if value.is_floating_point() else value
                  for name, value in state.items()}  # fmt: skip
        save_file(halves, _file(fold))
    keep_record({})


def keep_record(found: dict[str, Any]) -> None:
    """Store what is known of the folds as they are trained now."""
    text = json.dumps({"sites": real_scenes.folds_of_sites(), "stride": STRIDE, **found}, indent=2)
    RECORD.write_text(text + "\n", encoding="utf-8")
    record.cache_clear()


def trained_network(run: Path) -> PatchNetwork:
    """The averaged weights of a run's last checkpoint."""
    checkpoint = read_checkpoint(run)
    if checkpoint is None:
        raise SystemExit(f"no checkpoint in {run}: train it with train_patch.py")
    network = PatchNetwork(stride=STRIDE)
    network.load_state_dict(checkpoint.ema)
    return network.eval()


def detector_for(site: str) -> NetworkDetector | str:
    """What judges a site: the network that was not trained on its fold, with scores
    calibrated on the other folds' held-out sites; "auto" for places that are in no fold.
    """
    fold = folds_of_sites().get(site)
    return "auto" if fold is None else fold_detector(fold, **_calibrated(fold))


@cache
def record() -> dict[str, Any]:
    """What calibrate_patch.py found: `laws` and `thresholds` of the folds, and what ships."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def _calibrated(fold: int) -> dict[str, Any]:
    thresholds = tuple((gsd_m, score) for gsd_m, score in record()["thresholds"][fold])
    return {"law": ScoreLaw(**record()["laws"][fold]), "thresholds": thresholds}


@cache
def fold_detector(
    fold: int,
    law: ScoreLaw,
    thresholds: tuple[tuple[float, float], ...],
    *,
    min_score: float = 0.02,
) -> NetworkDetector:
    """The network that was not trained on a fold."""
    card = _card(fold, law, thresholds)
    with tempfile.TemporaryDirectory() as folder:  # ONNX, as it ships
        runner = OnnxRunner(_export(fold, card, Path(folder)))
    return NetworkDetector(runner, card, min_score=min_score)


def export_fold(fold: int, folder: Path) -> Path:
    """The same network as files that `--weights` takes; returns the ONNX one."""
    return _export(fold, _card(fold, **_calibrated(fold)), folder)


def _card(fold: int, law: ScoreLaw, thresholds: tuple[tuple[float, float], ...]) -> ModelCard:
    return ModelCard(
        name="patch",
        version=f"without fold {fold}",
        trained="2026-11-21",
        sources=(),
        sites=(),
        seed=1,
        command=f"python benchmarks/train_patch.py fold {fold}",
        backbone="light",
        stride=record()["stride"],
        bands=("red", "green", "blue"),
        gsd_m=(0.2, 10.0),
        score=law,
        thresholds=thresholds,
        figures={},
        limits=(),
    )


def _export(fold: int, card: ModelCard, folder: Path) -> Path:
    network = PatchNetwork(stride=card.stride)
    network.load_state_dict(load_file(_file(fold)))
    return export(network, card, folder)


def _file(fold: int) -> Path:
    return WEIGHTS / f"patch_fold_{fold}.safetensors"
