"""Train the patch network: on simulated seas, then on real sites by folds or all of them.

    python benchmarks/train_patch.py seas            # no real site enters
    python benchmarks/train_patch.py fold 0          # sites of fold 0 held out
    python benchmarks/train_patch.py fold 1
    python benchmarks/train_patch.py all             # what ships

Each stage may be stopped and called again: it goes on where it was. Runs lie in --runs.
"""

import argparse
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
from pdn_geo.training.sources import Simulated

BATCH, SIDE = 20, 128
SEAS = 480
SEA_SHARE = 0.45
STAGES = {
    "seas": LoopConfig(steps=3500, learning_rate=2e-3, ema=0.998),
    "real": LoopConfig(steps=2400, learning_rate=1.2e-3, ema=0.998, seed=1),
}


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
    seas = SimulatedSeas(options.runs / "sea_pictures", SEAS)
    network = PatchNetwork(stride=STRIDE)
    start = options.start
    if options.stage == "seas":
        name, sources = "seas", [(Simulated(seas), 1.0)]
    else:
        name = options.stage if options.fold is None else f"fold_{options.fold}"
        start = options.runs / "seas"
        real = real_sources(options.fold, 1 - SEA_SHARE, options.runs / "real_scenes.pickle")
        sources = [*real, (Simulated(seas, real[0][0].sprites), SEA_SHARE)]
    if start is not None:
        trained = read_checkpoint(start, torch.device("cpu"))
        if trained is None:
            parser.error(f"no {FILE_NAME} in {start}")
        network.load_state_dict(trained.ema)
    fit(
        network,
        CropBatches(sources, batch=BATCH, side=SIDE, stride=STRIDE, seed=len(name), mixed=True),
        patch_loss,
        STAGES["seas" if name == "seas" else "real"],
        options.runs / name,
        resume=True,
        max_seconds=options.minutes and 60 * options.minutes,
        progress=show,
    )


if __name__ == "__main__":
    main()
