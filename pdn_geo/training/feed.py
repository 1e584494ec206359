"""Batches on their way to the network, made by worker processes ahead of time."""

import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batches = Callable[[int], Mapping[str, NDArray[Any]]]
"""From a step to its arrays, whose first axis is the batch: a pure function, which pickles."""


class _Steps(Dataset[dict[str, Tensor]]):
    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        arrays = self._batches(step)
        return {
            name: torch.from_numpy(np.require(array, requirements=("C", "W")))
            for name, array in arrays.items()
        }


def feed(
    batches: Batches, steps: Sequence[int], *, workers: int, pin_memory: bool = False
) -> DataLoader[dict[str, Tensor]]:
    """Yields the batch of each of `steps`, in order, whatever the number of workers.

    `workers` processes of one thread each work ahead; with 0 the caller's process does all.
    """
    return DataLoader(
        _Steps(batches),
        sampler=steps,
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=workers,
        worker_init_fn=_start_worker,
        pin_memory=pin_memory,
    )


def to_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The batch on `device`; images (four axes) in the channels-last layout."""
    placed = {}
    for name, tensor in batch.items():
        layout = torch.channels_last if tensor.ndim == 4 else torch.preserve_format
        placed[name] = tensor.to(device, non_blocking=True, memory_format=layout)
    return placed


def _as_it_is(batch: Any) -> Any:
    return batch


def _start_worker(worker: int) -> None:
    """A worker outlives the signals that ask the run to stop, so that its last step is whole;
    it ends with the process that started it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_num_threads(1)
