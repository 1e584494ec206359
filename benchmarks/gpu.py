"""Looks at a scene that lies on a GPU: cropping, network and peaks, each timed.

    python benchmarks/gpu.py                        # the 10K scene of speed.py, on "cuda"
    python benchmarks/gpu.py --write                # and into benchmarks/RESULTS.md
    python benchmarks/gpu.py --device cpu --random --size 1024 --looks 8

The looks are those of the automatic budget, all given at once. From the windows on the device
to the copy of the peaks, whatever makes the host wait for the GPU is an error. Medians after
ten rounds to warm up, in which graphs are captured.
"""

import argparse
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import torch
from speed_scenes import BASE, DEFLATE, WHOLE, SpeedScene, make

from pdn_geo.detections import Detections
from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.engines.network.gather import Gather
from pdn_geo.engines.network.peaks import find_peaks
from pdn_geo.engines.network.resident import load_resident
from pdn_geo.engines.network.resident_detector import ResidentDetector
from pdn_geo.engines.network.torch_runner import TorchRunner
from pdn_geo.engines.network.weights import load_weights
from pdn_geo.io import VectorMasks, open_scene
from pdn_geo.scene import Scene
from pdn_geo.survey import Survey, survey
from pdn_geo.testing import FakeScene

OUT = Path(__file__).with_name("RESULTS.md")
TITLE = "## On a GPU"
WARM_UP = 10
CROPPING, NETWORK, PEAKS = "cropping", "network", "peaks"
ALL = "all three, captured, and the copy to the host"
DECODED = "the same and decoded there, wall time"
FIRST = "the same at the very first, with nothing warm or captured"
LIMIT_MS = 50.0
NEAR_PX, NEAR_SCORE = 1.0, 0.05
"""Detections so near to each other, in place and in score, are the same."""


class Bench:
    """Looks at a scene, by the shipped network, on one device."""

    def __init__(self, scene: Scene, coarse: Survey, looks: list[Look], device: str) -> None:
        weights = load_weights(gsd_m=scene.grid.gsd_m)
        self.looks = looks
        self.runner = TorchRunner(weights.file_for("torch"), weights.card, device)
        self.on_gpu = self.runner.device.type == "cuda"
        self.stride = weights.card.stride
        network = NetworkDetector(self.runner, weights.card)
        self.least = network.threshold(scene.grid.gsd_m)
        start = time.perf_counter()
        resident = load_resident(scene, self.runner.device)
        self.finish()
        self.load_s = time.perf_counter() - start
        self.gather = Gather(resident, coarse.saliency, coarse.sea)
        self.detector = ResidentDetector(
            self.runner, network.boats, resident, coarse.saliency, coarse.sea, stride=self.stride
        )

    def finish(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize()

    @contextmanager
    def unwaiting(self) -> Iterator[None]:
        """On a GPU, whatever waits for it in here is an error."""
        if self.on_gpu:
            torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            if self.on_gpu:
                torch.cuda.set_sync_debug_mode("default")

    def milliseconds(self, work: Callable[[], object], rounds: int) -> float:
        """Median time until the device is done; on a GPU, `work` must not wait for it."""
        for _ in range(WARM_UP):
            work()
        self.finish()
        times = []
        for _ in range(rounds):
            if self.on_gpu:
                begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                with self.unwaiting():
                    begin.record()
                    work()
                    end.record()
                self.finish()
                times.append(begin.elapsed_time(end))
            else:
                start = time.perf_counter()
                work()
                times.append(1000 * (time.perf_counter() - start))
        return median(times)


def chosen(scene: Scene, coarse: Survey) -> list[Look]:
    """All looks of the automatic budget, if each holds what it expects."""
    drive = GreedyDrive(coarse.saliency, (scene.grid.height, scene.grid.width), Budget())
    looks: list[Look] = []
    while batch := drive.next_looks(16):
        drive.update(batch, [np.array([look.expected_boats]) for look in batch])
        looks += batch
    return looks


def measure(bench: Bench, rounds: int) -> tuple[dict[str, float], list[list[Detections]]]:
    """Milliseconds by step, and what was found at first and, by captured graphs, at last."""
    detector, looks = bench.detector, bench.looks
    start = time.perf_counter()
    first = detector.detect(looks)
    first_ms = 1000 * (time.perf_counter() - start)
    batches = detector.batches(looks, detector.gsd_m(looks))
    with torch.inference_mode():
        inputs = [bench.gather(b.windows, b.gsd, b.shape) for b in batches]
        maps = [bench.runner.maps(patches) for patches in inputs]

        def crop() -> None:
            for batch in batches:
                bench.gather(batch.windows, batch.gsd, batch.shape)

        def draw() -> None:
            for patches in inputs:
                bench.runner.maps(patches)

        def find() -> None:
            for batch, drawn in zip(batches, maps, strict=True):
                find_peaks(drawn, batch.windows, bench.gather, bench.stride)

        steps = {CROPPING: crop, NETWORK: draw, PEAKS: find, ALL: lambda: detector.launch(batches)}
        times = {name: bench.milliseconds(work, rounds) for name, work in steps.items()}
    start = time.perf_counter()
    last = detector.detect(looks)
    times[DECODED] = 1000 * (time.perf_counter() - start)
    times[FIRST] = first_ms
    return times, [first, last]


def shared(found: Sequence[Detections], expected: Sequence[Detections], least: float) -> str:
    """How many of the boats expected are found, look by look."""
    same = count = 0
    for one, other in zip(found, expected, strict=True):
        other = other[other.score >= least]
        far = np.hypot(one.x[:, None] - other.x, one.y[:, None] - other.y) > NEAR_PX
        unlike = np.abs(one.score[:, None] - other.score) > NEAR_SCORE
        same += int((~(far | unlike)).any(axis=0).sum())
        count += len(other)
    return f"{same} of {count}"


def report(name: str, bench: Bench, rounds: int, on_cpu: Bench | None) -> str:
    """The section of RESULTS.md."""
    times, (first, last) = measure(bench, rounds)
    looks = bench.looks
    batches = bench.detector.batches(looks, bench.detector.gsd_m(looks))
    pixels = sum(look.window.area for look in looks)
    device = torch.cuda.get_device_name() if bench.on_gpu else f"CPU, {platform.machine()}"
    lines = [
        TITLE,
        "",
        f"Written by `{shlex.join(['python', 'benchmarks/gpu.py', *sys.argv[1:]])}`. {device}; "
        f"PyTorch {torch.__version__}; {'bfloat16' if bench.on_gpu else 'float32'}.",
        "",
        f"- {name}: decoded and on the device in {bench.load_s:.2f} s.",
        f"- {len(looks)} looks of {pixels / 1e6:.1f} Mpx together, in {len(batches)} batches of "
        f"{len({batch.shape for batch in batches})} shapes; medians of {rounds} rounds.",
    ]
    if bench.on_gpu:
        peak = torch.cuda.max_memory_allocated() / 2**20
        reached = "reached" if times[ALL] < LIMIT_MS else "**not reached**"
        lines += [
            "- From the windows to the copy of the peaks nothing made the host wait for the GPU: "
            '`torch.cuda.set_sync_debug_mode("error")` was on.',
            f"- Promised: {ALL} in under {LIMIT_MS:g} ms: {times[ALL]:.1f} ms, {reached}.",
            f"- Graphs: {bench.detector.captured} captured; of the boats found before there were "
            f"any, {shared(last, first, bench.least)} are found by them. Peak memory on the GPU "
            f"{peak:.0f} MiB, the scene in it.",
        ]
    if on_cpu is not None:
        expected = on_cpu.detector.detect(looks)
        lines.append(
            f"- Of the boats that the CPU finds in float32, {shared(last, expected, bench.least)} "
            f"are found, within {NEAR_PX:g} px and {NEAR_SCORE:g} in score."
        )
    lines += ["", "| | ms | looks/s |", "| --- | --- | --- |"]
    lines += [
        f"| {step} | {taken:.2f} | {1000 * len(looks) / taken:.0f} |"
        for step, taken in times.items()
    ]
    return "\n".join(lines) + "\n"


def the_scene(options: argparse.Namespace, folder: Path) -> Scene:
    if options.random:
        shape = 3, options.size, options.size
        values = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        return FakeScene(values, band_names=("red", "green", "blue"), name="random pixels")
    file = SpeedScene(side=WHOLE, layout=DEFLATE, overviews=False, base=options.size, folder=folder)
    make(file, survey=False)
    return open_scene(file.path)


def write(section: str) -> None:
    """Into RESULTS.md, at its end, in place of what an earlier run wrote."""
    text = OUT.read_text(encoding="utf-8") if OUT.exists() else ""
    before = text.partition(TITLE)[0].rstrip()
    OUT.write_text(f"{before}\n\n{section}".lstrip(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--random", action="store_true", help="pixels without a sea in them")
    parser.add_argument("--size", type=int, default=BASE, help="pixels a side (10240)")
    parser.add_argument("--looks", type=int, help="only the first so many")
    parser.add_argument("--rounds", type=int, default=20, help="(20)")
    parser.add_argument("--folder", type=Path, help="where the scene is kept, as in speed.py")
    parser.add_argument("--write", action="store_true", help="into benchmarks/RESULTS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scene = the_scene(options, options.folder or Path(temporary))
        masks = VectorMasks.read(scene.grid, aoi=None, water=None, land=None, scene_name=scene.name)
        coarse = survey(scene, masks)
        looks = chosen(scene, coarse)[: options.looks]
        bench = Bench(scene, coarse, looks, options.device)
        on_cpu = Bench(scene, coarse, looks, "cpu") if bench.on_gpu else None
        name = f"{'Random pixels' if options.random else 'Simulated sea'}, {options.size} px a side"
        section = report(name, bench, options.rounds, on_cpu)
    print(section)
    if options.write:
        write(section)


if __name__ == "__main__":
    main()
