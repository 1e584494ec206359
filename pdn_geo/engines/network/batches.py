"""Windows of many looks in batches of one shape each, as they go to a device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdn_geo.engines.network.inputs import UNKNOWN_GSD_M
from pdn_geo.geometry import Window

_MULTIPLE = 32
"""Sides of what the network takes are multiples of its coarsest stride."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Windows that go through the network together.

    members: which of the windows asked for; those beyond them are empty. shape: (rows, cols)
    of the network's input. windows: (N, 4) int64, gsd: (N,) float32, both as `Gather` takes
    them and on the device.
    """

    members: tuple[int, ...]
    shape: tuple[int, int]
    windows: Tensor
    gsd: Tensor

    def halves(self) -> list["Batch"]:
        """Of a batch of two windows or more; without a half that is empty."""
        middle = (len(self.windows) + 1) // 2
        halves = [
            replace(self, members=self.members[p], windows=self.windows[p], gsd=self.gsd[p])
            for p in (slice(0, middle), slice(middle, None))
        ]
        return [half for half in halves if half.members]


def make_batches(
    windows: Sequence[Window],
    gsd_m: NDArray[np.float64],
    device: torch.device,
    *,
    most_px: int,
    fixed_sizes: bool,
) -> list[Batch]:
    """Batches of one shape and at most `most_px` pixels (or one window) for all windows.

    gsd_m: (N,), NaN where unknown. fixed_sizes: only powers of two, the last batch of a
    shape filled up. Two copies to the device, which are not waited for.
    """
    plan = list(_plan(windows, most_px=most_px, fixed_sizes=fixed_sizes))
    ends = np.cumsum([size for _, _, size in plan], dtype=int).tolist()
    places = np.zeros((sum(size for _, _, size in plan), 4), np.int64)
    gsd = np.zeros(len(places), np.float32)
    octaves = np.log2(np.where(np.isfinite(gsd_m), gsd_m, UNKNOWN_GSD_M)) / 2
    for (_, members, size), end in zip(plan, ends, strict=True):
        for place, index in enumerate(members, start=end - size):
            w = windows[index]
            places[place] = w.row_off, w.col_off, w.height, w.width
            gsd[place] = octaves[index]
    places_there, gsd_there = _sent(places, device), _sent(gsd, device)
    return [
        Batch(
            members=members,
            shape=shape,
            windows=places_there[end - size : end],
            gsd=gsd_there[end - size : end],
        )
        for (shape, members, size), end in zip(plan, ends, strict=True)
    ]


def _plan(
    windows: Sequence[Window], *, most_px: int, fixed_sizes: bool
) -> Iterator[tuple[tuple[int, int], tuple[int, ...], int]]:
    """Shape, members and size of each batch."""
    alike: dict[tuple[int, int], list[int]] = {}
    for index, window in enumerate(windows):
        rows, cols = (side + -side % _MULTIPLE for side in (window.height, window.width))
        alike.setdefault((rows, cols), []).append(index)
    for shape, group in alike.items():
        most = _power_of_two(max(1, most_px // (shape[0] * shape[1])))
        for start in range(0, len(group), most):
            members = tuple(group[start : start + most])
            size = _power_of_two(2 * len(members) - 1) if fixed_sizes else len(members)
            yield shape, members, size


def _power_of_two(most: int) -> int:
    """The largest that is not above `most`, which is positive."""
    return 1 << (most.bit_length() - 1)


def _sent(host: NDArray[np.generic], device: torch.device) -> Tensor:
    tensor = torch.from_numpy(host)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
