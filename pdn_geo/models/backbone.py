"""Backbones of the patch network: a light one, and any of timm's by name."""

from itertools import pairwise
from typing import Any

import timm
import torch
from torch import Tensor, nn

LIGHT = "light"
_LIGHT_WIDTHS = (16, 32, 64, 128, 160)


class ConvNorm(nn.Sequential):
    """3 x 3 convolution, batch norm, ReLU. Batch norm folds into the convolution at run time."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a way round them (He et al. 2016, CVPR)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride)
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.around: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.around = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.around(x))


class LightBackbone(nn.Module):
    """1.5 million parameters; features at strides 2, 4, 8, 16 and 32."""

    def __init__(self, in_chans: int) -> None:
        super().__init__()
        self.channels = dict(zip((2, 4, 8, 16, 32), _LIGHT_WIDTHS, strict=True))
        self.stem = ConvNorm(in_chans, _LIGHT_WIDTHS[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(ResidualBlock(fine, coarse, 2), ResidualBlock(coarse, coarse))
            for fine, coarse in pairwise(_LIGHT_WIDTHS)
        )

    def forward(self, x: Tensor) -> list[Tensor]:  # (B, C, H, W) -> finest first
        features = [self.stem(x)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features


class TimmBackbone(nn.Module):
    """Any model of timm that gives features, untrained; strides from 2 or 4 to 32."""

    def __init__(self, name: str, in_chans: int) -> None:
        super().__init__()
        # Transformers with windows are told not to insist on one image size.
        options: dict[str, Any] = {"strict_img_size": False} if "swin" in name else {}
        self.model = timm.create_model(
            name, pretrained=False, features_only=True, in_chans=in_chans, **options
        )
        info: Any = self.model.feature_info
        self.channels = dict(zip(info.reduction(), info.channels(), strict=True))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = self.model(x)
        return [
            # Swin gives (B, H, W, C)
            f.permute(0, 3, 1, 2) if f.shape[1] != channels else f
            for f, channels in zip(features, self.channels.values(), strict=True)
        ]


def create_backbone(name: str, in_chans: int) -> LightBackbone | TimmBackbone:
    """`light`, or a model name of timm. `channels` maps a stride to its feature channels."""
    return LightBackbone(in_chans) if name == LIGHT else TimmBackbone(name, in_chans)
