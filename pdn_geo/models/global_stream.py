"""The global stream: from the coarse view of a scene to where its boats may be."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pdn_geo.models.backbone import TimmBackbone
from pdn_geo.models.stem import LearnedStem

LIGHT = "light"
FEATURES = 256
HEADS = ("objectness", "expected", "priority", "water")
_WIDTHS = (16, 48, 64)  # at one, two and four cells
_KERNELS = (5, 3)
# Log of the boats in a cell where nothing is known: a head starts there.
_USUAL_LOG_BOATS = -6.0


@dataclass(frozen=True, slots=True)
class GlobalOutput:
    """features: (B, 256, h, w). Of each cell, all (B, h, w): objectness: logit that a
    boat's centre is in it or next to it. expected: log of the boats centred in it.
    priority: log of the boats that a small look about it would see whole. water: logit.
    """

    features: Tensor
    objectness: Tensor
    expected: Tensor
    priority: Tensor
    water: Tensor


class CellNorm(nn.Module):
    """Layer norm over the channels of each cell (Ba et al. 2016).

    Knows nothing of the other cells, so a scene gives the same in strips as whole.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean(1, keepdim=True)
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-5) * self.weight + self.bias


class Block(nn.Module):
    """Depthwise convolution, norm and a two-layer mix of channels (Liu et al. 2022, ConvNeXt)."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = CellNorm(channels)
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(functional.relu(self.widen(self.norm(self.spread(x)))))


class LightGlobal(nn.Module):
    """A small U over 1, 2 and 4 cells, whose outputs see 24 cells each way.

    The input's sides are multiples of `multiple`.
    """

    multiple = 4
    channels = _WIDTHS[0]

    def __init__(self, in_chans: int) -> None:
        super().__init__()
        one, two, four = _WIDTHS
        self.enter = nn.Conv2d(in_chans, one, 3, padding=1)
        self.to_two = nn.Conv2d(one, two, 2, 2)
        self.at_two = nn.Sequential(*(Block(two, kernel) for kernel in _KERNELS))
        self.to_four = nn.Conv2d(two, four, 2, 2)
        self.at_four = nn.Sequential(*(Block(four, kernel) for kernel in _KERNELS))
        self.from_four = nn.Conv2d(four, two, 1)
        self.from_two = nn.Conv2d(two, one, 1)
        self.leave = nn.Conv2d(one, one, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_chans, h, w) -> (B, channels, h, w)
        fine = functional.relu(self.enter(x))
        middle = self.at_two(self.to_two(fine))
        coarse = self.at_four(self.to_four(middle))
        middle = middle + _doubled(self.from_four(coarse))
        return functional.relu(self.leave(fine + _doubled(self.from_two(middle))))


class TimmGlobal(nn.Module):
    """A features backbone of timm, its levels summed at the resolution of the cells."""

    multiple = 32
    channels = 64

    def __init__(self, name: str, in_chans: int) -> None:
        super().__init__()
        self.backbone = TimmBackbone(name, in_chans)
        self.fine = nn.Conv2d(in_chans, self.channels, 3, padding=1)
        self.levels = nn.ModuleList(
            nn.Conv2d(channels, self.channels, 1) for channels in self.backbone.channels.values()
        )

    def forward(self, x: Tensor) -> Tensor:
        total = self.fine(x)
        for level, features in zip(self.levels, self.backbone(x), strict=True):
            total = total + functional.interpolate(level(features), size=x.shape[-2:])
        return functional.relu(total)


class GlobalStream(nn.Module):
    """Backbone, 256 features per cell, and four 1 x 1 heads on them.

    The features are of the backbone's output and of the planes themselves: what a linear law
    over the priors in them says the network knows from the start, and corrects.

    in_chans: planes of `pdn_geo.saliency.planes`. backbone: "light" or a name of timm.
    pixel_bands: with a learned stem that reads as many bands of the full resolution.
    """

    def __init__(self, in_chans: int, *, backbone: str = LIGHT, pixel_bands: int = 0) -> None:
        super().__init__()
        self.stem = LearnedStem(pixel_bands) if pixel_bands else None
        if self.stem is not None:
            in_chans += self.stem.channels
        self.backbone: LightGlobal | TimmGlobal = (
            LightGlobal(in_chans) if backbone == LIGHT else TimmGlobal(backbone, in_chans)
        )
        self.project = nn.Conv2d(self.backbone.channels + in_chans, FEATURES, 1)
        self.heads = nn.Conv2d(FEATURES, len(HEADS), 1)
        nn.init.normal_(self.heads.weight, std=0.01)
        assert self.heads.bias is not None
        nn.init.constant_(self.heads.bias, 0.0)
        with torch.no_grad():
            self.heads.bias[:3] = _USUAL_LOG_BOATS

    def forward(self, planes: Tensor, pixels: Tensor | None = None) -> GlobalOutput:
        """planes: (B, in_chans, h, w). pixels: (B, bands, 8 h, 8 w) in units of the sea, for
        a network with a learned stem.
        """
        trunk = self._trunk(planes, pixels)
        return GlobalOutput(self.project(trunk), **self._judged(trunk))

    def judge(self, planes: Tensor, pixels: Tensor | None = None) -> dict[str, Tensor]:
        """The heads alone, by name, each (B, h, w): as `forward`, without 256 features."""
        return self._judged(self._trunk(planes, pixels))

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight (heads, channels) and bias (heads,) of features and heads in one: both are
        linear.
        """
        project, heads = self.project.weight[:, :, 0, 0], self.heads.weight[:, :, 0, 0]
        assert self.project.bias is not None
        assert self.heads.bias is not None
        return heads @ project, heads @ self.project.bias + self.heads.bias

    def _judged(self, trunk: Tensor) -> dict[str, Tensor]:
        weight, bias = self.folded()
        heads = functional.conv2d(trunk, weight[:, :, None, None], bias)
        return dict(zip(HEADS, heads.float().unbind(1), strict=True))

    def _trunk(self, planes: Tensor, pixels: Tensor | None) -> Tensor:
        if self.stem is not None:
            assert pixels is not None
            planes = torch.cat([planes, self.stem(pixels)], 1)
        height, width = planes.shape[-2:]
        down, right = -height % self.backbone.multiple, -width % self.backbone.multiple
        if down or right:
            planes = functional.pad(planes, (0, right, 0, down))
        return torch.cat([self.backbone(planes), planes], 1)[..., :height, :width]


class ExpectedBoats(nn.Module):
    """Only what the drive needs: boats per cell (B, h, w) from planes (B, C, h, w).

    256 features per cell and the head on them are linear, so they are two small
    convolutions here. Sides are multiples of the backbone's `multiple`.
    """

    bias: Tensor

    def __init__(self, stream: GlobalStream) -> None:
        super().__init__()
        assert stream.stem is None
        self.backbone = stream.backbone
        weight, bias = (part.detach()[[HEADS.index("expected")]] for part in stream.folded())
        learned, kernel = stream.backbone.channels, weight[:, :, None, None]
        parts = kernel[:, :learned], kernel[:, learned:]
        self.learned, self.plain = (nn.Conv2d(part.shape[1], 1, 1, bias=False) for part in parts)
        self.register_buffer("bias", bias)
        with torch.no_grad():
            self.learned.weight.copy_(parts[0])
            self.plain.weight.copy_(parts[1])

    def forward(self, planes: Tensor) -> Tensor:
        logs = self.learned(self.backbone(planes)) + self.plain(planes) + self.bias
        return torch.exp(logs)[:, 0]


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0)
