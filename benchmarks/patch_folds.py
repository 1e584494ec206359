"""The patch networks that were trained without a fold of the real sites."""

import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import real_scenes
from patch_recipes import RECIPES
from safetensors.torch import load_file, save_file

from pdn_geo.engines import PatchDetector, load_detector
from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.engines.network.export import export, halved
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.engines.network.onnx_runner import OnnxRunner
from pdn_geo.engines.network.weights import load_weights
from pdn_geo.models.patch_network import PatchNetwork
from pdn_geo.training.checkpoint import read_checkpoint

WEIGHTS = Path(__file__).parent / "weights"
SHIPPED = Path(__file__).parents[1] / "pdn_geo" / "weights"


def name_for(gsd_m: float) -> str:
    """The weights that `pdn-geo detect` takes there."""
    return load_weights(gsd_m=gsd_m).card.name


def fingerprint() -> str:
    """Of all networks, laws and folds, those that ship too: with others, figures are stale."""
    digest = hashlib.sha256()
    for folder in (WEIGHTS, SHIPPED):
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def folds_of_sites(name: str) -> dict[str, int]:
    """Site to the fold whose network never saw it."""
    if not _record_file(name).exists():
        return real_scenes.folds_of_sites()
    return dict(record(name)["sites"])


def count_folds(name: str) -> int:
    return 1 + max(folds_of_sites(name).values())


def keep_folds(name: str, runs: Path) -> None:
    """Store the folds' trained networks at half precision; laws and thresholds are to follow."""
    WEIGHTS.mkdir(exist_ok=True)
    recipe = RECIPES[name]
    for fold in range(count_folds(name)):
        run = runs / name / f"fold_{fold}_{recipe.with_sites[-1].name}"
        save_file(halved(trained_network(name, run)), _file(name, fold))
    _write_record(name, {"sites": folds_of_sites(name), "stride": recipe.stride})


def keep_record(name: str, found: dict[str, Any]) -> None:
    """Store what is known of the folds, their sites and stride aside."""
    _write_record(name, {**{key: record(name)[key] for key in ("sites", "stride")}, **found})


def _write_record(name: str, whole: dict[str, Any]) -> None:
    _record_file(name).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    record.cache_clear()
    folds_of_sites.cache_clear()


def trained_network(name: str, run: Path) -> PatchNetwork:
    """The averaged weights of a run's last checkpoint."""
    checkpoint = read_checkpoint(run)
    if checkpoint is None:
        raise SystemExit(f"no checkpoint in {run}: train it with train_patch.py")
    network = PatchNetwork(stride=RECIPES[name].stride)
    network.load_state_dict(checkpoint.ema)
    return network.eval()


def detector_for(site: str, gsd_m: float) -> PatchDetector:
    """What judges a site at that pixel size: the network that was not trained on its fold, with
    scores calibrated on the other folds' held-out sites; what ships for places in no fold.
    """
    name = name_for(gsd_m)
    fold = folds_of_sites(name).get(site)
    return load_detector(gsd_m=gsd_m) if fold is None else held_out_detector(name, fold)


def held_out_detector(name: str, fold: int) -> NetworkDetector:
    """The network that was not trained on a fold, calibrated without it."""
    return fold_detector(name, fold, **_calibrated(name, fold))


@cache
def record(name: str) -> dict[str, Any]:
    """What calibrate_patch.py found: fold of every site, stride of the networks, score laws and
    thresholds of the folds and of what ships. Training may have moved on since.
    """
    return json.loads(_record_file(name).read_text(encoding="utf-8"))


def _calibrated(name: str, fold: int) -> dict[str, Any]:
    thresholds = tuple((gsd_m, score) for gsd_m, score in record(name)["thresholds"][fold])
    return {"law": ScoreLaw(**record(name)["laws"][fold]), "thresholds": thresholds}


@cache
def fold_detector(
    name: str,
    fold: int,
    law: ScoreLaw,
    thresholds: tuple[tuple[float, float], ...],
    *,
    min_score: float = 0.02,
) -> NetworkDetector:
    """The network that was not trained on a fold, with scores by that law."""
    card = _card(name, fold, law, thresholds)
    with tempfile.TemporaryDirectory() as folder:  # ONNX, as it ships
        runner = OnnxRunner(_export(fold, card, Path(folder)))
    return NetworkDetector(runner, card, min_score=min_score)


def export_fold(site: str, gsd_m: float, folder: Path) -> Path:
    """What judges a site as files that `--weights` takes; returns the ONNX one."""
    name = name_for(gsd_m)
    fold = folds_of_sites(name)[site]
    return _export(fold, _card(name, fold, **_calibrated(name, fold)), folder)


def _card(
    name: str, fold: int, law: ScoreLaw, thresholds: tuple[tuple[float, float], ...]
) -> ModelCard:
    return ModelCard(
        name=name,
        version=f"without fold {fold}",
        trained="2026-11-21",
        sources=(),
        sites=(),
        seed=1,
        command=f"python benchmarks/train_patch.py {name} fold {fold}",
        backbone="light",
        stride=record(name)["stride"],
        bands=("red", "green", "blue"),
        gsd_m=RECIPES[name].gsd_m,
        score=law,
        thresholds=thresholds,
        figures={},
        limits=(),
    )


def _export(fold: int, card: ModelCard, folder: Path) -> Path:
    network = PatchNetwork(stride=card.stride)
    network.load_state_dict(load_file(_file(card.name, fold)))
    return export(network, card, folder)


def _file(name: str, fold: int) -> Path:
    return WEIGHTS / f"{name}_fold_{fold}.safetensors"


def _record_file(name: str) -> Path:
    return WEIGHTS / f"{name}_folds.json"
