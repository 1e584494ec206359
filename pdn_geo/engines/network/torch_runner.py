"""The patch network in PyTorch: for a GPU, and for weights under development."""

from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.errors import OptionError, WeightsError
from pdn_geo.models.patch_network import PatchNetwork


class TorchRunner:
    """The network on one device; PyTorch shares a batch among the cores or on the GPU.

    path: a .safetensors file as `export` writes it; card: the one beside it. device: what
    PyTorch calls it, "cpu" or "cuda". A GPU computes the features in bfloat16. Raises
    WeightsError for a file of other tensors and OptionError for a device that is not there.
    """

    batch_size = 8

    def __init__(self, path: Path, card: ModelCard, device: str = "cpu") -> None:
        self.device = _device(device)
        try:
            network = PatchNetwork(card.backbone, card.stride)
            network.load_state_dict(load_file(path))
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            reason = f"damaged, or no weights of a {card.backbone} network of stride {card.stride}"
            raise WeightsError(path, reason) from error
        _fold_batch_norm(network.eval())
        self._network = network.to(self.device).to(memory_format=torch.channels_last)
        # Where bfloat16 would be emulated, float32 is faster.
        self._in_bfloat16 = self.device.type == "cuda" and torch.cuda.is_bf16_supported(False)

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Runner.run`. A batch for which memory does not suffice is run in halves."""
        try:
            return self._run(patches)
        except torch.OutOfMemoryError:
            if len(patches) == 1:
                raise
        half = len(patches) // 2
        return np.concatenate([self.run(patches[:half]), self.run(patches[half:])])

    @torch.inference_mode()
    def maps(self, patches: Tensor) -> Tensor:
        """`run` on the device: float32 in and out, and nothing waits for the result."""
        patches = patches.contiguous(memory_format=torch.channels_last)
        with self._precision():
            features = self._network.features(patches)
        # The head in full: logits of 8 bits would make peaks of neighbouring cells alike.
        maps: Tensor = self._network.head(features.float())
        return maps.contiguous()

    def _run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.maps(torch.from_numpy(patches).to(self.device)).cpu().numpy()

    def _precision(self) -> AbstractContextManager[object]:
        if not self._in_bfloat16:
            return nullcontext()
        # Each weight is used once: a cache would only outlive the graph that captures it.
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)


def _fold_batch_norm(network: nn.Module) -> None:
    """Batch norm that follows a convolution becomes part of it, as in the exported file."""
    for parent in network.modules():
        if isinstance(parent, nn.Sequential):
            for (name, layer), (next_name, norm) in pairwise(list(parent.named_children())):
                if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    setattr(parent, name, fuse_conv_bn_eval(layer, norm))
                    setattr(parent, next_name, nn.Identity())


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        raise OptionError(f"device {name!r} cannot be used by this PyTorch") from error
    return device
