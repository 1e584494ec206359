"""The high-resolution stream: one network for every patch, pixels in and maps out."""

import math

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdn_geo.engines.network.inputs import CHANNELS
from pdn_geo.engines.network.maps import MAPS
from pdn_geo.models.backbone import LIGHT, ConvNorm, create_backbone

FEATURES = 40
FEATURE_STRIDE = 4
_RARE = 0.01
"""Share of cells that the untrained network takes for boats (Lin et al. 2017, ICCV)."""


class Pyramid(nn.Module):
    """Features of all scales added up at the finest (Lin et al. 2017, CVPR)."""

    def __init__(self, channels: list[int], features: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(count, features, 1) for count in channels)
        self.smooth = ConvNorm(features, features)

    def forward(self, levels: list[Tensor]) -> Tensor:  # finest first
        merged: Tensor | None = None
        for lateral, level in zip(reversed(self.lateral), reversed(levels), strict=True):
            here = lateral(level)
            if merged is not None:
                here = here + F.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = here
        return self.smooth(merged)


class BoatHead(nn.Sequential):
    """Features to the maps named in MAPS, `finer` times as fine as the features."""

    def __init__(self, features: int, finer: int) -> None:
        last = nn.Conv2d(features, len(MAPS) * finer**2, 1)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        last.bias.data[: finer**2] = math.log(_RARE / (1 - _RARE))
        super().__init__(ConvNorm(features, features), last, nn.PixelShuffle(finer))


class PatchNetwork(nn.Module):
    """Boats in patches.

    backbone: "light" or a name of timm. stride: pixels per cell of the maps, 4 or 2; the
    features lie at FEATURE_STRIDE either way, and each cell of theirs draws four of the finer
    maps (Shi et al. 2016, CVPR). Takes (B, 9, H, W) as `network_input` makes it, H and W
    multiples of 32, and gives the raw maps (B, 10, H / stride, W / stride) in the order of MAPS.
    """

    def __init__(self, backbone: str = LIGHT, stride: int = 4) -> None:
        super().__init__()
        self.stride = stride
        self.backbone = create_backbone(backbone, len(CHANNELS))
        channels = self.backbone.channels
        levels = [count for at, count in channels.items() if at >= FEATURE_STRIDE]
        self._levels = len(levels)
        self.pyramid = Pyramid(levels, FEATURES)
        self.head = BoatHead(FEATURES, FEATURE_STRIDE // stride)

    def features(self, patches: Tensor) -> Tensor:
        """(B, 9, H, W) -> (B, FEATURES, H / FEATURE_STRIDE, W / FEATURE_STRIDE)."""
        return self.pyramid(self.backbone(patches)[-self._levels :])

    def forward(self, patches: Tensor) -> Tensor:
        return self.head(self.features(patches))
