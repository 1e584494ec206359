"""What a run says of itself: a CSV file, TensorBoard where it is installed, a callback."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FILE_NAME = "log.csv"
EVERY = 10


@dataclass(frozen=True)
class Entry:
    """The run after `step` of `steps`; losses are means over the steps since the last entry.

    seconds: of training so far, earlier slices included.
    """

    step: int
    steps: int
    learning_rate: float
    losses: dict[str, float]
    crops_per_second: float
    seconds: float


class Log:
    """Collects each step and writes an entry every 10 steps, and at the end.

    `start`: the step that the run goes on from; what the files hold beyond it, from steps that
    were lost with a crash, is dropped. `folder` None: nothing is written (other processes).
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        steps: int,
        start: int,
        seconds: float,
        progress: Callable[[Entry], None] | None,
    ) -> None:
        self._steps, self._seconds, self._progress = steps, seconds, progress
        self._sums: dict[str, Tensor] = {}
        self._count, self._crops, self._since = 0, 0, seconds
        self._path = folder / FILE_NAME if folder else None
        self._board = _tensorboard(folder / "tensorboard", start) if folder else None
        if self._path:
            _keep_until(self._path, start)

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *error: object) -> None:
        if self._board:
            self._board.close()

    def add(
        self,
        step: int,
        losses: Mapping[str, Tensor],
        *,
        learning_rate: float,
        crops: int,
        seconds: float,
        last: bool,
    ) -> None:
        """Take in what step `step` (from 1) gave; `last`: the run stops here."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
        self._count += 1
        self._crops += crops
        if not (last or step % EVERY == 0):
            return
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        speed = self._crops / max(seconds - self._since, 1e-9)
        self._write(Entry(step, self._steps, learning_rate, means, speed, seconds))
        self._sums, self._count, self._crops, self._since = {}, 0, 0, seconds

    def _write(self, entry: Entry) -> None:
        values = {
            "step": entry.step,
            "learning_rate": f"{entry.learning_rate:.6g}",
            **{name: f"{value:.6g}" for name, value in entry.losses.items()},
            "crops_per_second": f"{entry.crops_per_second:.1f}",
            "seconds": f"{entry.seconds:.1f}",
        }
        if self._path:
            is_new = not self._path.exists()
            with self._path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(values))
                if is_new:
                    writer.writeheader()
                writer.writerow(values)
        if self._board:
            for name, value in entry.losses.items():
                self._board.add_scalar(f"loss/{name}", value, entry.step)
            self._board.add_scalar("learning_rate", entry.learning_rate, entry.step)
            self._board.add_scalar("crops_per_second", entry.crops_per_second, entry.step)
        if self._progress:
            self._progress(entry)


def _keep_until(path: Path, step: int) -> None:
    """Drop the rows of a CSV log beyond `step`; the whole file when none is left."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if row and row[0].isdigit() and int(row[0]) <= step]
    path.unlink()
    if kept:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *kept])


def _tensorboard(folder: Path, start: int) -> Any:
    """A writer of TensorBoard's files, None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(folder, purge_step=start + 1)
