"""The patch network in PyTorch: for a GPU, and for weights under development."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.errors import OptionError, WeightsError
from pdn_geo.models.patch_network import PatchNetwork


class TorchRunner:
    """The network on one device; PyTorch shares a batch among the cores or on the GPU.

    path: a .safetensors file as `export` writes it; card: the one beside it. device: what
    PyTorch calls it, "cpu" or "cuda". Raises WeightsError for a file of other tensors and
    OptionError for a device that is not there.
    """

    batch_size = 8

    def __init__(self, path: Path, card: ModelCard, device: str = "cpu") -> None:
        self._device = _device(device)
        try:
            network = PatchNetwork(card.backbone, card.stride)
            network.load_state_dict(load_file(path))
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            reason = f"damaged, or no weights of a {card.backbone} network of stride {card.stride}"
            raise WeightsError(path, reason) from error
        self._network = network.eval().to(self._device)

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Runner.run`. A batch for which memory does not suffice is run in halves."""
        try:
            return self._run(patches)
        except torch.OutOfMemoryError:
            if len(patches) == 1:
                raise
        half = len(patches) // 2
        return np.concatenate([self.run(patches[:half]), self.run(patches[half:])])

    def _run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            maps: torch.Tensor = self._network(torch.from_numpy(patches).to(self._device))
            return maps.cpu().numpy()


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        raise OptionError(f"device {name!r} cannot be used by this PyTorch") from error
    return device
