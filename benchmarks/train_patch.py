"""Train the patch network: on simulated seas, then on real sites by folds or all of them.

    python benchmarks/train_patch.py seas            # no real site enters
    python benchmarks/train_patch.py fold 0          # sites of fold 0 held out
    python benchmarks/train_patch.py fold 1
    python benchmarks/train_patch.py fold 2
    python benchmarks/train_patch.py all             # what ships

Real sites are learned from small crops, which show more places, then from wide ones, thrice.
Each stage may be stopped and called again: it goes on where it was. Runs lie in --runs.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from real_scenes import FOLDS, STRIDE, real_sources

from pdn_geo.models.patch_network import PatchNetwork
from pdn_geo.training.checkpoint import FILE_NAME, read_checkpoint
from pdn_geo.training.config import LoopConfig
from pdn_geo.training.crop_batches import CropBatches
from pdn_geo.training.log import Entry
from pdn_geo.training.loop import fit
from pdn_geo.training.losses import patch_loss
from pdn_geo.training.simulated import SimulatedSeas
from pdn_geo.training.sources import Simulated, Source

SEAS = 480


@dataclass(frozen=True, kw_only=True)
class Stage:
    """batch, side: crops of a step. sea_share: share of them that is simulated."""

    loop: LoopConfig
    batch: int
    side: int
    sea_share: float


STAGES = {
    "seas": Stage(
        loop=LoopConfig(steps=3500, learning_rate=2e-3, ema=0.998), batch=20, side=128, sea_share=1
    ),
    "real": Stage(
        loop=LoopConfig(steps=2400, learning_rate=1.2e-3, ema=0.998, seed=1),
        batch=20, side=128, sea_share=0.45,
    ),
    "wide": Stage(
        loop=LoopConfig(steps=1800, learning_rate=8e-4, ema=0.998, seed=2),
        batch=14, side=192, sea_share=0.3,
    ),
    "again": Stage(
        loop=LoopConfig(steps=1000, learning_rate=6e-4, ema=0.998, seed=3),
        batch=14, side=192, sea_share=0.3,
    ),
    "wakes": Stage(
        loop=LoopConfig(steps=800, learning_rate=5e-4, ema=0.998, seed=4),
        batch=14, side=192, sea_share=0.3,
    ),
}  # fmt: skip


def show(entry: Entry) -> None:
    parts = ", ".join(f"{name} {value:.3f}" for name, value in entry.losses.items())
    print(f"{entry.step:6d}  {parts}  {entry.seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("seas", "fold", "all"))
    parser.add_argument("fold", nargs="?", type=int, choices=range(FOLDS))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--start", type=Path, help="an earlier run of seas to go on from")
    parser.add_argument("--minutes", type=float, help="stop after so long; call again to go on")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.stage == "seas":
        train("seas", options.runs / "seas", options.start, options)
        return
    name = options.stage if options.fold is None else f"fold_{options.fold}"
    start = options.runs / "seas"
    for stage, run in (
        ("real", f"{name}_small"), ("wide", f"{name}_wide"), ("again", f"{name}_again"),
        ("wakes", name),
    ):  # fmt: skip
        if not train(stage, options.runs / run, start, options):
            return
        start = options.runs / run


def train(stage: str, run: Path, start: Path | None, options: argparse.Namespace) -> bool:
    """From the weights of the run `start` to those of `run`, which is resumed if it exists.

    Gives whether it got to the stage's end.
    """
    network = PatchNetwork(stride=STRIDE)
    if start is not None:
        trained = read_checkpoint(start, torch.device("cpu"))
        if trained is None:
            sys.exit(f"no {FILE_NAME} in {start}")
        network.load_state_dict(trained.ema)
    how = STAGES[stage]
    reached = fit(
        network,
        CropBatches(
            sources(how.sea_share, options),
            batch=how.batch,
            side=how.side,
            stride=STRIDE,
            seed=100 * how.loop.seed + len(run.name),
            mixed=True,
        ),
        patch_loss,
        how.loop,
        run,
        resume=True,
        max_seconds=options.minutes and 60 * options.minutes,
        progress=show,
    )
    return reached == how.loop.steps


def sources(sea_share: float, options: argparse.Namespace) -> list[tuple[Source, float]]:
    """Simulated seas, and real scenes but those of the fold held out."""
    seas = SimulatedSeas(options.runs / "sea_pictures", SEAS)
    if sea_share == 1:
        return [(Simulated(seas), 1.0)]
    real = real_sources(options.fold, 1 - sea_share, options.runs / "real_scenes.pickle")
    return [*real, (Simulated(seas, real[0][0].sprites), sea_share)]


if __name__ == "__main__":
    main()
