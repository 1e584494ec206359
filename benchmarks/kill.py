"""`kill -9` at random moments of `pdn-geo detect`: no output file is ever incomplete.

    python benchmarks/kill.py                 # 50 moments
    python benchmarks/kill.py --moments 10 --seed 3

Half of the moments fall anywhere in the run, half while it writes. Before every other run
the files of an earlier one are put in place: then each must be there, and complete. A file is
complete when it has the bytes of a run that nobody killed; a STAC Item, which holds the
time, when it is JSON with the same members. Ends with code 1 if a file was neither
complete nor absent.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.scene import simulate_scene

COMMAND = (sys.executable, "-c", "from pdn_geo_cli.app import main; main()")
OUTPUTS = (
    "b.gpkg",
    "b.geojson",
    "b.fgb",
    "b.parquet",
    "b.png",
    "b.saliency.tif",
    "b.qgz",
    "b.json",
)
POLL_S = 0.002


def start(scene: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`pdn-geo detect` with every output into `folder`."""
    results = [word for name in OUTPUTS[:4] for word in ("--out", str(folder / name))]
    return subprocess.Popen(
        [
            *COMMAND, "detect", str(scene), "--quiet", *results,
            "--preview", str(folder / "b.png"),
            "--qgis-project", str(folder / "b.qgz"),
            "--stac-item", str(folder / "b.json"),
        ]
    )  # fmt: skip


def wait_for_writing(run: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the first unfinished file appears, or the run ends."""
    while run.poll() is None and not unfinished(folder):
        time.sleep(POLL_S)


def unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def whole_run(scene: Path, folder: Path) -> tuple[float, float]:
    """Seconds until it writes, and from there to the end."""
    begin = time.monotonic()
    run = start(scene, folder)
    wait_for_writing(run, folder)
    writing = time.monotonic()
    if run.wait() != 0:
        raise SystemExit("a run that nobody killed has failed")
    return writing - begin, time.monotonic() - writing


def state(path: Path, reference: Path) -> str:
    if not path.exists():
        return "absent"
    if path.suffix == ".json":
        try:
            same = json.loads(path.read_text()).keys() == json.loads(reference.read_text()).keys()
        except ValueError:
            same = False
    else:
        same = path.read_bytes() == reference.read_bytes()
    return "complete" if same else "broken"


def kill_once(scene: Path, folder: Path, *, after_s: float, writing: bool) -> None:
    """Kill a run `after_s` seconds after its start, or after it began to write."""
    run = start(scene, folder)
    if writing:
        wait_for_writing(run, folder)
    time.sleep(after_s)
    run.kill()
    run.wait()


def measure(work: Path, moments: int, seed: int) -> int:
    """Print a line for each moment; returns how many files were broken or lost."""
    chance = random.Random(seed)
    scene, reference, folder = work / "sea.tif", work / "reference", work / "killed"
    simulate_scene(scene, SeaConfig(size=1024, boats=8, seed=1))
    reference.mkdir()
    before_s, writing_s = whole_run(scene, reference)
    print(f"a whole run: {before_s:.1f} s, then {writing_s:.1f} s of writing")
    print("| moment | earlier files | complete | absent | broken or lost | left behind |")
    print("|---|---|---|---|---|---|")
    faults = 0
    for number in range(moments):
        writing, earlier = number % 2 == 1, number % 4 >= 2
        after_s = chance.uniform(0, writing_s if writing else before_s + writing_s)
        if earlier:
            shutil.copytree(reference, folder)
        else:
            folder.mkdir()
        kill_once(scene, folder, after_s=after_s, writing=writing)
        states = {name: state(folder / name, reference / name) for name in OUTPUTS}
        counts = Counter(states.values())
        fine = {"complete"} if earlier else {"complete", "absent"}
        wrong = [name for name, now in states.items() if now not in fine]
        moment = f"{'writing' if writing else 'start'} + {after_s:.2f} s"
        print(
            f"| {moment} | {'yes' if earlier else 'no'} | {counts['complete']} "
            f"| {counts['absent']} | {', '.join(wrong) or '-'} | {len(unfinished(folder))} |",
            flush=True,
        )
        faults += len(wrong)
        shutil.rmtree(folder)
    print(f"{moments} moments, {faults} files broken or lost")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill pdn-geo detect at random moments.")
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        sys.exit(1 if measure(Path(work), options.moments, options.seed) else 0)


if __name__ == "__main__":
    main()
