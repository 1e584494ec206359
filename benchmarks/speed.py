"""Write benchmarks/RESULTS.md: time, memory and recall beside the rivals', as ratios.

    python benchmarks/speed.py                      # everything: an hour and a half
    python benchmarks/speed.py --quick              # 2.5K once, to the terminal
    python benchmarks/speed.py --sizes 10K 100K --only decode pdn-geo

Every measurement is a process of its own, its start in, on two cores; all rivals take turns
on all scenes, so that what slows the machine down for a while hits all alike. Linux. This
process imports nothing large: a child's peak memory begins at that of its parent.
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import speed_scenes
from speed_report import LARGEST, Found, Results, Run, report
from speed_rivals import (
    FINDS_BOATS,
    OVERLAP,
    RIVALS,
    SAHI,
    SLICE_PX,
    VIT_NAME,
    VIT_PX,
    boats_file,
    command,
    pdn_geo,
    rivals_of,
)
from speed_scenes import BASE, DEFLATE, LAYOUTS, SIDES, SMALL, WHOLE, SpeedScene

OUT = Path(__file__).with_name("RESULTS.md")
CORES = 2
READ_BYTES = 1 << 24


class CommandError(Exception):
    """A command that failed; its last word."""


def measure(words: list[str]) -> Run:
    """Run a command that prints JSON. Raises CommandError."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            last = errors.read().strip().rpartition("\n")[2]
            raise CommandError(last or f"exit code {process.returncode}")
        told = json.loads(out.read())
    return Run(told.get("bare_seconds", seconds), usage.ru_maxrss * 1024 / 1e6, told)


def compare(scene: SpeedScene, boats: Path) -> Found:
    """Detections against the truth. Raises CommandError."""
    words = ["evaluate", boats, scene.truth, "--scene", scene.path, "--json"]
    told = measure([pdn_geo(), *map(str, words)]).told
    return Found(told["recall"], told["false_alarms"], told["false_alarms_per_100_mpx"])


def make_scenes(sides: list[str], rivals: list[str], folder: Path, base: int) -> list[SpeedScene]:
    """Every layout of scenes that are files; mosaics in the first alone, and the largest only
    without overviews: it takes a quarter of an hour.
    """
    scenes = []
    for side in sides:
        for layout in LAYOUTS if side in (SMALL, WHOLE) else [DEFLATE]:
            for overviews in (False,) if side == LARGEST else (False, True):
                scene = SpeedScene(
                    side=side, layout=layout, overviews=overviews, base=base, folder=folder
                )
                say(f"scene {scene.name}")
                words = ["--folder", folder, "--side", side, "--layout", layout]
                words += ["--overviews"] * overviews + ["--base-size", base]
                words += ["--survey"] * (SAHI in rivals and SAHI in rivals_of(scene))
                script = [sys.executable, speed_scenes.__file__, *map(str, words)]
                subprocess.run(script, check=True)
                scenes.append(scene)
    return scenes


def is_repeated(scene: SpeedScene) -> bool:
    """Whether a scene is of every round; the others, hours of them, are of the first alone."""
    return scene.layout == DEFLATE and scene.side in (SMALL, WHOLE)


def run_round(results: Results, scenes: list[SpeedScene], rivals: list[str], name: str) -> None:
    """Every rival once on every scene. Who fails drops out."""
    for scene in scenes:
        warm(scene.path)
        for rival in rivals_of(scene):
            key = scene, rival
            if rival not in rivals or key in results.failed:
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    run = measure(command(rival, scene, Path(folder)))
                    if rival in FINDS_BOATS and key not in results.found:
                        results.found[key] = compare(scene, boats_file(rival, Path(folder)))
                except CommandError as error:
                    results.failed[key] = str(error)
                    results.runs.pop(key, None)
                    results.found.pop(key, None)
                    say(f"{name}, {scene.name}: {rival} failed: {error}")
                    continue
            results.runs.setdefault(key, []).append(run)
            say(f"{name}, {scene.name}: {rival} {run.seconds:.2f} s, {run.peak_mb:.0f} MB")


def warm(path: Path) -> None:
    """Bring a file into the system's cache, where all rivals are to find it."""
    with path.open("rb") as file:
        while file.read(READ_BYTES):
            pass


def machine() -> str:
    """Processor, memory and cores, in words."""
    about = {
        key.strip(): value.strip()
        for file in ("/proc/cpuinfo", "/proc/meminfo")
        for key, _, value in (line.partition(":") for line in Path(file).read_text().splitlines())
    }
    memory = int(about["MemTotal"].split()[0]) / 2**20
    held = len(os.sched_getaffinity(0))
    return (
        f"{about.get('model name', platform.machine())}, {held} of its {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {platform.system()} {platform.release()}"
    )


def versions() -> str:
    script = (
        "import json; from pdn_geo.versions import installed, versions; "
        "print(json.dumps({**versions(), **{name: installed(name) for name in ('timm', 'sahi')}}))"
    )
    known = {"Python": platform.python_version(), **measure([sys.executable, "-c", script]).told}
    return ", ".join(f"{name} {number}" for name, number in known.items() if number)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument(
        "--only",
        nargs="+",
        choices=RIVALS,
        default=list(RIVALS),
        metavar="RIVAL",
        help=f"of: {'; '.join(RIVALS)}",
    )
    parser.add_argument("--repeat", type=int, default=5, help="rounds for 10K (5)")
    parser.add_argument("--quick", action="store_true", help="2.5K, one round, to the terminal")
    parser.add_argument("--folder", type=Path, help="where scenes are kept; 1 GB")
    parser.add_argument("--out", type=Path, help="default: RESULTS.md beside this file")
    parser.add_argument("--base-size", type=int, default=BASE, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.sizes = [side for side in SIDES if side in options.sizes]
    if options.quick:
        options.sizes, options.repeat = [SMALL], 1
    elif options.out is None:
        options.out = OUT
    return options


def without_folder(arguments: list[str]) -> list[str]:
    """Where the scenes lie is nobody's business."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--folder")
    return parser.parse_known_args(arguments)[1]


def main() -> int:
    """0, or 1 if something could not be measured."""
    options = options_of(sys.argv[1:])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        scenes = make_scenes(options.sizes, options.only, folder, options.base_size)
        results = Results()
        for done in range(1, options.repeat + 1):
            chosen = scenes if done == 1 else [scene for scene in scenes if is_repeated(scene)]
            run_round(results, chosen, options.only, f"round {done} of {options.repeat}")
            text = report(
                results,
                command=shlex.join(
                    ["python", "benchmarks/speed.py", *without_folder(sys.argv[1:])]
                ),
                machine=machine(),
                versions=versions(),
                rounds=f"{done} round{'s' * (done > 1)}",
                slice=SLICE_PX,
                overlap=OVERLAP * 100,
                vit=VIT_NAME,
                vit_px=VIT_PX,
            )
            # after every round: what hours have measured is not lost with the last of them
            if options.out:
                options.out.write_text(text, encoding="utf-8")
    if not options.out:
        print(text)
    return int(bool(results.failed))


if __name__ == "__main__":
    sys.exit(main())
