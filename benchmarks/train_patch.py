"""Train a patch network: on simulated seas, then on real sites by folds or all of them.

    python benchmarks/train_patch.py patch seas            # no real site enters
    python benchmarks/train_patch.py patch fold 0          # sites of fold 0 held out, and so on
    python benchmarks/train_patch.py patch all             # what ships

`patch_recipes.py` says what the stages are. Each may be stopped and called again: it goes on
where it was. Runs lie in --runs, a folder for each set of weights.
"""

import argparse
import sys
from pathlib import Path

import torch
from patch_folds import count_folds, folds_of_sites
from patch_recipes import RECIPES, Recipe, Stage
from real_scenes import real_sources

from pdn_geo.models.patch_network import PatchNetwork
from pdn_geo.training.checkpoint import FILE_NAME, read_checkpoint
from pdn_geo.training.crop_batches import CropBatches
from pdn_geo.training.log import Entry
from pdn_geo.training.loop import fit
from pdn_geo.training.losses import patch_loss
from pdn_geo.training.simulated import SimulatedSeas
from pdn_geo.training.sources import Simulated, Source
from pdn_geo.training.sprites import Sprite


def show(entry: Entry) -> None:
    parts = ", ".join(f"{name} {value:.3f}" for name, value in entry.losses.items())
    print(f"{entry.step:6d}  {parts}  {entry.seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", choices=RECIPES)
    parser.add_argument("part", choices=("seas", "fold", "all"))
    parser.add_argument("fold", nargs="?", type=int)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--start", type=Path, help="an earlier run to go on from")
    parser.add_argument("--minutes", type=float, help="stop after so long; call again to go on")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe, runs = RECIPES[options.weights], options.runs / options.weights
    folds = count_folds(options.weights)
    if (options.part == "fold") != (options.fold in range(folds)):
        parser.error(f"a fold is 0 to {folds - 1}, and goes with 'fold' alone")
    if options.part == "seas":
        whole, name, start = recipe.alone, "", options.start
    else:
        whole, name = recipe.with_sites, "all" if options.fold is None else f"fold_{options.fold}"
        start = options.start or runs / recipe.alone[-1].name
    for stage in whole:
        run = runs / "_".join(part for part in (name, stage.name) if part)
        if not train(recipe, stage, run, start, options):
            return
        start = run


def train(
    recipe: Recipe, stage: Stage, run: Path, start: Path | None, options: argparse.Namespace
) -> bool:
    """From the weights of the run `start` to those of `run`, which is resumed if it exists.

    Gives whether it got to the stage's end.
    """
    network = PatchNetwork(stride=recipe.stride)
    if start is not None:
        trained = read_checkpoint(start, torch.device("cpu"))
        if trained is None:
            sys.exit(f"no {FILE_NAME} in {start}")
        network.load_state_dict(trained.ema)
    reached = fit(
        network,
        CropBatches(
            sources(recipe, stage, options),
            batch=stage.batch,
            side=stage.side,
            stride=recipe.stride,
            seed=100 * stage.loop.seed + len(run.name),
            mixed=stage.mixed,
        ),
        patch_loss,
        stage.loop,
        run,
        resume=True,
        max_seconds=options.minutes and 60 * options.minutes,
        progress=show,
    )
    return reached == stage.loop.steps


def sources(
    recipe: Recipe, stage: Stage, options: argparse.Namespace
) -> list[tuple[Source, float]]:
    """Simulated seas, and real scenes but those of the fold held out."""
    runs, real_share = options.runs, 1 - stage.seas - stage.windy
    found: list[tuple[Source, float]] = []
    sprites: list[Sprite] = []
    if real_share > 0:
        kept = runs / "real_scenes.pickle"
        fold_of = folds_of_sites(options.weights)
        real, sprites = real_sources(
            stage.shares or recipe.shares, stage.crops_m, fold_of, options.fold, kept
        )
        whole = sum(weight for _, weight in real)
        found += [(source, real_share * weight / whole) for source, weight in real]
    kinds = ((stage.seas, "seas", recipe.sea_seed), (stage.windy, "windy", recipe.sea_seed + 1000))
    for share, kind, seed in kinds:
        if share > 0:
            of = "_".join(f"{metres:g}" for metres in stage.crops_m or ())
            seas = SimulatedSeas(
                runs / options.weights / f"{kind}_pictures_{of}",
                recipe.seas,
                seed=seed,
                gsd_m=stage.crops_m,
                windy=kind == "windy",
            )
            found.append((Simulated(seas, sprites), share))
    return found


if __name__ == "__main__":
    main()
