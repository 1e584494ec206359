"""What the parts of the drive are worth, and fusion: docs/ablations-drive.md.

    python benchmarks/ablate_drive.py

An hour on one core. Everything slow is kept in --runs, in a folder named after networks and
folds: a run that was stopped goes on, one with other networks begins anew. Each table is written
as soon as it is there.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

import ablate_fusion
import numpy as np
import torch
from ablate_controllers import INPUTS, SHAPE, STATE, Eye, Floats, Learnt, Local, controllers, run
from ablate_sites import WEIGHTS, Place, Runs
from numpy.typing import NDArray
from patch_folds import fingerprint, folds_of_sites

from pdn_geo.drive import greedy
from pdn_geo.drive.budget import PATCH_PX, Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.drive.oracle import OracleDrive
from pdn_geo.drive.random import RandomDrive
from pdn_geo.drive.recurrent import RecurrentDrive
from pdn_geo.training.drive import LOSSES

PAGE = Path(__file__).parents[1] / "docs" / "ablations-drive.md"
PATCHES = (4, 8, 16, 32)
JUDGED_AT = 16
DEFAULT = "greedy (default)"
MIXED = "96, 256 and 512 px (default)"
WINDOWS = {
    "64 px": (64,), "96 px": (96,), "128 px": (128,), "256 px": (256,), "512 px": (512,),
    "128, 256 and 512 px": (128, 256, 512), MIXED: greedy.WINDOW_SIZES,
}  # fmt: skip

Row = Callable[[Budget], Sequence[Look]]
Outcome = dict[str, NDArray]
"""Of one place and row: "seen" (budgets, N), which boats lie in looks; "spent" (budgets,),
patches, and "looks" (budgets,)."""
Results = dict[str, list[tuple[str, Outcome]]]
"""By row: the group of each place, and the outcome there."""


def drives(place: Place, made: dict, eye: Eye) -> dict[str, Row]:
    known, (x, y) = place.saliency, place.boats.T

    def as_hoped(look: Look) -> Floats:
        return np.array([look.expected_boats])

    def steered(make: Callable[[], Local | Learnt]) -> Row:
        return lambda budget: run(RecurrentDrive(known, SHAPE, budget, make()), eye)[0]

    learnt = {
        f"greedy, LSTM by {name.replace('_', ' ')}": steered(partial(Learnt, made[name], place))
        for name in LOSSES
    }
    return {
        "random over water": lambda b: run(RandomDrive(known, SHAPE, b, seed=0), as_hoped)[0],
        "greedy, told nothing": lambda b: run(GreedyDrive(known, SHAPE, b), as_hoped)[0],
        DEFAULT: lambda b: run(GreedyDrive(known, SHAPE, b), eye)[0],
        "greedy, local controller": steered(partial(Local, *made["local"], place)),
        **learnt,
        "oracle": lambda b: run(OracleDrive(known, SHAPE, b, x=x, y=y), as_hoped)[0],
    }


def of_sizes(place: Place) -> dict[str, Row]:
    def by(sizes: tuple[int, ...], budget: Budget) -> Sequence[Look]:
        with patch.object(greedy, "WINDOW_SIZES", sizes):
            return run(GreedyDrive(place.saliency, SHAPE, budget), lambda look: np.zeros(0))[0]

    return {name: partial(by, sizes) for name, sizes in WINDOWS.items()}


def outcome(place: Place, row: Row, budgets: Sequence[Budget]) -> Outcome:
    runs = [row(budget) for budget in budgets]
    seen = [
        np.any([look.window.contains(*place.boats.T) for look in looks], axis=0) for looks in runs
    ]
    spent = [sum(look.window.area for look in looks) / PATCH_PX**2 for looks in runs]
    looks = np.array([len(looks) for looks in runs])
    return {"seen": np.array(seen), "spent": np.array(spent), "looks": looks}


def results(
    name: str, runs: Runs, rows: Callable[[Place], dict[str, Row]], budgets: Sequence[Budget]
) -> Results:
    """Printed as they come."""
    found: Results = {}
    for place in runs.places(training=False):
        for row, look in rows(place).items():
            make = partial(outcome, place, look, budgets)
            kept = runs.kept(f"{name}/{place.name}/{row}", make)
            found.setdefault(row, []).append((place.group, kept))
            shares = " ".join(f"{share:.3f}" for share in kept["seen"].mean(axis=1))
            print(f"{place.name:20s} {row:32s} {shares}", flush=True)
    return found


def table(found: Results, group: str, heads: Sequence[str], default: str) -> Iterator[str]:
    """One group's rows; "" pools all boats, and sets each row against the default."""
    chosen = {row: [o for name, o in parts if group in name] for row, parts in found.items()}
    seen = {row: np.concatenate([o["seen"] for o in parts], 1) for row, parts in chosen.items()}
    at = PATCHES.index(JUDGED_AT)
    ours = seen[default][at]
    yield f"### {group or 'All of them'}: {len(chosen[default])} scenes, {len(ours)} boats\n"
    yield "| | " + " | ".join([*heads, "looks", f"at {JUDGED_AT}: more", "fewer"]) + " |"
    yield "|---" + "|--:" * (len(heads) + 3) + "|"
    for row, parts in chosen.items():
        cells = [f"{share:.3f}" for share in seen[row].mean(axis=1)]
        spent = sum(o["spent"] for o in parts) / len(parts)
        cells += [f"{spent[-1]:.1f}", f"{np.mean([o['looks'][-1] for o in parts]):.0f}"]
        cells += [str((seen[row][at] & ~ours).sum()), str((~seen[row][at] & ours).sum())]
        yield f"| {row} | " + " | ".join(cells) + " |"
    yield ""


def verdict(found: Results, default: str, others: Sequence[str]) -> str:
    """Which stays, by boats in looks at JUDGED_AT patches, and how sure that is."""
    at = PATCHES.index(JUDGED_AT)
    seen = {row: np.concatenate([o["seen"][at] for _, o in p]) for row, p in found.items()}
    best = max(others, key=lambda row: seen[row].sum())
    more, fewer = (seen[best] & ~seen[default]).sum(), (seen[default] & ~seen[best]).sum()
    places = [
        o["seen"][at].sum() - d["seen"][at].sum()
        for (_, o), (_, d) in zip(found[best], found[default], strict=True)
    ]
    wins, losses = sum(d > 0 for d in places), sum(d < 0 for d in places)
    pairs = ((more, fewer), (wins, losses))  # a sign test, by boats and by scenes
    sure = more > fewer and all(a - b >= 2 * np.sqrt(a + b) for a, b in pairs)
    return (
        f"Of {len(seen[default])} boats, *{default}* sees {seen[default].sum()} at {JUDGED_AT} "
        f"patches and the best of the others, *{best}*, {seen[best].sum()}: {more} that the "
        f"default does not, without {fewer} that it does; it is ahead in {wins} scenes and behind "
        f"in {losses} of {len(places)}. Boats of one harbour are seen or missed together, so that "
        "this is worth less than so many boats look like. "
        + (
            "That is more than twice its noise, and speaks for a change of the default."
            if sure
            else "That is within twice its noise: the default stays."
        )
    )


HEADER = """# Ablations of the drive and of fusion

Written by `python benchmarks/ablate_drive.py`, never by hand. Selection recall is the share of
labelled boats whose centre lies in a look, at budgets in patches of 512 x 512 px, on scenes of
10240 x 10240 px: mosaics of the labelled scenes of one of {folds} folds, and simulated seas of seed
0 with 40 boats. Saliency (priors and network mixed), budget and windows are those of the product.
The saliency is that of the fold that has not seen a mosaic's sites. What a look found is what the
patch network (`{weights}`) that has not seen the sites reports there above its threshold. *looks*,
*patches*: means over the scenes at the last budget. *more*, *fewer*: boats that a row sees and the
default does not, and the other way round.
"""
DRIVES = """## What ranks the looks

The drives differ in what they do with what looks found. At a budget in patches the greedy drive
does nothing with it: told nothing, it makes the same looks; only the automatic budget, which ends
when too little is expected, hears of it. The local controller is made by hand: where looks found
more boats than the map expected, and more so than elsewhere in the scene, cells nearby are worth
more, by (a + found) / (a + expected) under a Gaussian; its two constants are chosen on the mosaics
of the other folds and on simulated seas of other seeds ({constants}). The LSTM is taught on the
greedy drive's runs over the same scenes, whole and by quarters, {inputs} to {state} wide for so few
of them. Of a look it is told what was found and expected, and the channels of the global stream of
which its 256 features are a linear law, as it was trained on seas alone; not the features of patch
networks, which differ from fold to fold.
"""
SIZES = """## Windows

The greedy drive told nothing, by the sizes of its windows, at the same pixels. Windows are cut down
where much of them holds nothing new.
"""
FUSION = """## Fusion

Detections at the labelled scenes by the default drive and budget, with the scores as the patch
network gives them, and corrected by fusion: held-out sites, everything by networks that have not
seen them. Fusion learns from the looks at the other folds' sites and at simulated seas: from all
that the tokens hold, by a patch network that has itself learned from those sites; or from scores,
sizes and places, by networks that have not. AP with 95 % intervals over sites. False alarms at the
score of the best F1 on {like}.
"""


def drive_section(runs: Runs) -> Iterator[str]:
    folds = sorted(set(folds_of_sites(WEIGHTS).values()))
    made = controllers(runs, folds)
    constants = ", ".join(
        f"fold {fold}: a = {made[fold]['local'][0]:g} boats, {made[fold]['local'][1]:g} m"
        for fold in folds
    )
    budgets = [*(Budget(patches=p) for p in PATCHES), Budget()]

    def rows(place: Place) -> dict[str, Row]:
        return drives(place, made[place.fold or folds[0]], Eye(place, runs))

    found = results("drives", runs, rows, budgets)
    yield DRIVES.format(constants=constants, inputs=INPUTS, state=STATE)
    heads = [*(f"{p} patches" for p in PATCHES), "automatic", "patches"]
    for group in ("", *dict.fromkeys(group for group, _ in found[DEFAULT])):
        yield from table(found, group, heads, DEFAULT)
        if not group:
            yield verdict(
                found, DEFAULT, [row for row in found if "controller" in row or "LSTM" in row]
            )
            yield ""


def window_section(runs: Runs) -> Iterator[str]:
    found = results("windows", runs, of_sizes, [Budget(patches=p) for p in PATCHES])
    yield SIZES
    heads = [*(f"{p} patches" for p in PATCHES), "patches"]
    for group in ("", "mosaics", "wind"):
        yield from table(found, group, heads, MIXED)
    yield verdict(found, MIXED, [row for row in found if row != MIXED])


def fusion_section(runs: Runs) -> Iterator[str]:
    yield FUSION.format(like=ablate_fusion.LIKE_EMPTY)
    yield from ablate_fusion.section(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs") / "ablations")
    parser.add_argument("--saliency", type=Path, default=Path("runs") / "saliency",
                        help="what train_saliency.py and selection.py keep")  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = Runs(options.runs / fingerprint(), options.saliency)
    folds = len(set(folds_of_sites(WEIGHTS).values()))
    sections = [HEADER.format(folds=folds, weights=WEIGHTS)]
    for section in (window_section, drive_section, fusion_section):
        sections += [*section(runs), ""]
        PAGE.write_text("\n".join(sections).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
