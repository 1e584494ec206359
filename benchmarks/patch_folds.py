"""The patch networks that were trained without a fold of the real sites."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from folds import fold_of_sites
from labelled import real_cases
from real_scenes import DATA, FOLDS
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
"""Score laws and threshold of the folds, written by calibrate_patch.py."""


@cache
def _fold_of() -> dict[str, int]:
    return fold_of_sites((case.site for case in real_cases(DATA)), FOLDS)


def keep_fold(fold: int, runs: Path) -> None:
    """Store a fold's trained network at half precision."""
    state = trained_network(runs / f"fold_{fold}").state_dict()
    WEIGHTS.mkdir(exist_ok=True)
    halves = {name: value.half() if value.is_floating_point() else value
              for name, value in state.items()}  # fmt: skip
    save_file(halves, _file(fold))


def trained_network(run: Path) -> PatchNetwork:
    """The averaged weights of a run's last checkpoint."""
    checkpoint = read_checkpoint(run)
    if checkpoint is None:
        raise SystemExit(f"no checkpoint in {run}: train it with train_patch.py")
    network = PatchNetwork()
    network.load_state_dict(checkpoint.ema)
    return network.eval()


def detector_for(site: str) -> NetworkDetector | str:
    """What judges a site: the network that was not trained on its fold, with scores
    calibrated on the other folds' held-out sites; "auto" for places that are in no fold.
    """
    fold = _fold_of().get(site)
    if fold is None:
        return "auto"
    thresholds = tuple((gsd_m, score) for gsd_m, score in record()["thresholds"][fold])
    return fold_detector(fold, ScoreLaw(**record()["laws"][fold]), thresholds)


@cache
def record() -> dict[str, Any]:
    """What calibrate_patch.py found: `laws` and `thresholds` of the folds, and what ships."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


@cache
def fold_detector(
    fold: int,
    law: ScoreLaw,
    thresholds: tuple[tuple[float, float], ...],
    *,
    min_score: float = 0.02,
) -> NetworkDetector:
    """The network that was not trained on a fold."""
    card = ModelCard(
        name="patch",
        version=f"without fold {fold}",
        trained="2026-11-21",
        sources=(),
        sites=(),
        seed=1,
        command=f"python benchmarks/train_patch.py fold {fold}",
        backbone="light",
        stride=4,
        bands=("red", "green", "blue"),
        gsd_m=(0.2, 10.0),
        score=law,
        thresholds=thresholds,
        figures={},
        limits=(),
    )
    network = PatchNetwork()
    network.load_state_dict(load_file(_file(fold)))
    with tempfile.TemporaryDirectory() as folder:  # ONNX, as it ships
        runner = OnnxRunner(export(network, card, folder))
    return NetworkDetector(runner, card, min_score=min_score)


def _file(fold: int) -> Path:
    return WEIGHTS / f"patch_fold_{fold}.safetensors"
