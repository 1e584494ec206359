"""The state of a run, whole or absent: what `--resume` goes on from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pdn_geo.errors import OptionError, OutputError

FILE_NAME = "checkpoint.pt"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run after `step` steps that took `seconds` of training.

    network, ema: state dicts. optimizer: AdamW's. No generator's state: each step seeds its own.
    """

    step: int
    seconds: float
    network: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizer: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write aside, then rename: a crash leaves the last checkpoint. Raises OutputError."""
        path = folder / FILE_NAME
        aside = path.with_suffix(".part")
        try:
            torch.save(vars(self), aside)
            aside.replace(path)
        except (OSError, RuntimeError) as error:
            aside.unlink(missing_ok=True)
            raise OutputError(f"{path}: cannot be written: {error}") from error


def read_checkpoint(folder: Path, device: torch.device | str = "cpu") -> Checkpoint | None:
    """The folder's checkpoint, None where there is none. OptionError when it is not one."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        return Checkpoint(**torch.load(path, map_location=device, weights_only=True))
    except Exception as error:  # torch's reader meets a damaged file with errors of many kinds
        raise OptionError(f"{path}: not a checkpoint of this version") from error
