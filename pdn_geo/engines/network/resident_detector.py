"""The network detector for looks at a scene that lies on its device already."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines.base import Patch
from pdn_geo.engines.network.batches import Batch, make_batches
from pdn_geo.engines.network.gather import Gather
from pdn_geo.engines.network.graphs import Graphs
from pdn_geo.engines.network.peaks import find_peaks, sparse_maps
from pdn_geo.engines.network.resident import ResidentScene, fits, load_resident
from pdn_geo.engines.network.torch_runner import TorchRunner
from pdn_geo.geometry import Window
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics

_GPU_BATCH_PX = 16 * 512 * 512
"""Pixels that go through the network together: enough to fill a GPU, and 1 GB."""
_CPU_BATCH_PX = 512 * 512
"""The same where the caches of a CPU are to hold a layer's maps."""


class ResidentDetector:
    """Finds boats in looks at one scene. The host waits once for all looks of a call.

    runner: the network, of `stride` pixels per cell. boats: from a patch, of which all but
    the pixels are filled in, and its maps to its boats. scene: on the runner's device.
    saliency, sea: of the scene. For one thread.

    On a GPU batches are filled up to sizes of powers of two: there are few of each shape, and
    what those that come often launch is captured and replayed.
    """

    def __init__(
        self,
        runner: TorchRunner,
        boats: Callable[[Patch, NDArray[np.float32]], Detections],
        scene: ResidentScene,
        saliency: SaliencyMap,
        sea: SeaStatistics,
        *,
        stride: int,
    ) -> None:
        self.scene = scene
        self._runner, self._boats, self._stride = runner, boats, stride
        self._gather = Gather(scene, saliency, sea)
        self._saliency = saliency
        self._on_gpu = runner.device.type == "cuda"
        self._batch_px = _GPU_BATCH_PX if self._on_gpu else _CPU_BATCH_PX
        self._graphs = Graphs(self._peaks) if self._on_gpu else None

    def detect(self, looks: Sequence[Look]) -> list[Detections]:
        """One Detections a look, in scene pixels: those of `NetworkDetector.detect` for the
        looks' patches, but for rounding. A batch too large for the memory is run in halves;
        raises torch.OutOfMemoryError where one window is too large.
        """
        if not looks:
            return []
        gsd_m = self.gsd_m(looks)
        launched = self.launch(self.batches(looks, gsd_m))
        self.wait()
        found = [Detections.empty()] * len(looks)
        for batch, peaks in launched:
            # what lies beyond the members are empty windows
            for index, fields in zip(batch.members, peaks.numpy(), strict=False):
                maps, valid = sparse_maps(fields, batch.shape, self._stride)
                patch = self._patch(looks[index], valid, gsd_m[index])
                found[index] = self._boats(patch, maps)
        return found

    def lost_in(self, window: Window) -> bool:
        """Whether some of a window could not be decoded: no boat is found there."""
        return any(part.intersection(window) for part in self.scene.lost)

    def gsd_m(self, looks: Sequence[Look]) -> NDArray[np.float64]:
        """Of each look as its `Patch` has it, (N,)."""
        middles = [
            (w.col_off + w.width / 2, w.row_off + w.height / 2)
            for w in (look.window for look in looks)
        ]
        x, y = np.reshape(middles, (-1, 2)).T
        (a, b), (c, d) = np.moveaxis(self.scene.grid.ground_jacobian(x, y), 0, -1)
        return np.asarray(np.sqrt(np.abs(a * d - b * c)))

    def batches(self, looks: Sequence[Look], gsd_m: NDArray[np.float64]) -> list[Batch]:
        """What `launch` takes, on its way to the device. gsd_m: (N,)."""
        return make_batches(
            [look.window for look in looks],
            gsd_m,
            self._runner.device,
            most_px=self._batch_px,
            fixed_sizes=self._graphs is not None,
        )

    @torch.inference_mode()
    def launch(self, batches: Iterable[Batch]) -> list[tuple[Batch, Tensor]]:
        """The peaks of each batch as `find_peaks` gives them, on the host once `wait` returns.

        Between the windows and the copy of the peaks nothing waits for the device.
        """
        launched = []
        waiting = deque(batches)
        with self._device_current():
            while waiting:
                batch = waiting.popleft()
                peaks = self._try(batch)
                if peaks is None:
                    waiting.extendleft(reversed(batch.halves()))
                else:
                    launched.append((batch, peaks))
        return launched

    @property
    def captured(self) -> int:
        """Sizes and shapes of batches whose launches are replayed."""
        return 0 if self._graphs is None else len(self._graphs)

    def wait(self) -> None:
        """Until all that was launched is there."""
        if self._on_gpu:
            torch.cuda.current_stream(self._runner.device).synchronize()

    def _try(self, batch: Batch) -> Tensor | None:
        """The batch's peaks on their way to the host; None if it is too large for the memory,
        and later ones will be smaller.
        """
        try:
            return self._sent_back(self._found(batch))
        except torch.OutOfMemoryError:
            if len(batch.windows) == 1:
                raise
        self._batch_px = len(batch.windows) // 2 * math.prod(batch.shape)
        if self._graphs is not None:
            self._graphs.forget()
        return None

    def _found(self, batch: Batch) -> Tensor:
        find: Callable[..., Tensor] = self._peaks if self._graphs is None else self._graphs
        return find(batch.shape, batch.windows, batch.gsd)

    def _peaks(self, shape: tuple[int, int], windows: Tensor, gsd: Tensor) -> Tensor:
        maps = self._runner.maps(self._gather(windows, gsd, shape))
        return find_peaks(maps, windows, self._gather, self._stride)

    def _sent_back(self, peaks: Tensor) -> Tensor:
        host = torch.empty(peaks.shape, dtype=peaks.dtype, pin_memory=self._on_gpu)
        return host.copy_(peaks, non_blocking=True)

    def _patch(self, look: Look, valid: NDArray[np.bool_], gsd_m: float) -> Patch:
        """All but the pixels."""
        known = self._saliency
        return Patch(
            look=look,
            values=np.empty((0, 0, 0), np.float32),
            valid=valid,
            water=known.water[known.cells_under(look.window)].astype(np.float32),
            density=known.density(look.window),
            jacobian=np.diag([gsd_m, -gsd_m]),
            band_names=(),
        )

    def _device_current(self) -> AbstractContextManager[object]:
        return torch.cuda.device(self._runner.device) if self._on_gpu else nullcontext()


def resident_detector(
    runner: object,
    boats: Callable[[Patch, NDArray[np.float32]], Detections],
    scene: Scene,
    saliency: SaliencyMap,
    sea: SeaStatistics,
    *,
    stride: int,
    threads: int | None = None,
) -> ResidentDetector | None:
    """The detector with a scene on its GPU, decoded for it in `threads`; None where it runs
    on no GPU, or on one without room for the scene. Otherwise as `ResidentDetector`.
    """
    if not isinstance(runner, TorchRunner) or not fits(scene, runner.device):
        return None
    try:
        resident = load_resident(scene, runner.device, threads=threads)
    except torch.OutOfMemoryError:  # somebody else was quicker
        return None
    return ResidentDetector(runner, boats, resident, saliency, sea, stride=stride)
