"""How wrong the patch network's maps are."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdn_geo.engines.network.maps import MAPS
from pdn_geo.training.targets import TARGETS

_ALPHA, _BETA = 2, 4
WEIGHTS = {"boat": 1.0, "offset": 0.5, "size": 0.3, "axis": 0.3, "bow": 0.1, "wake": 0.1,
           "hull": 0.3}  # fmt: skip


def patch_loss(network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weighted parts of the loss, scalars, for `inputs` (B, 9, H, W) and `targets`
    (B, 16, h, w).
    """
    maps = network(batch["inputs"]).float()
    return {name: WEIGHTS[name] * part for name, part in loss_parts(maps, batch["targets"]).items()}


def loss_parts(maps: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """The parts, unweighted, of raw maps (B, 10, h, w) against targets (B, 16, h, w)."""
    drawn = dict(zip(MAPS, maps.unbind(1), strict=True))
    wanted = dict(zip(TARGETS, targets.unbind(1), strict=True))
    parts = {"boat": focal(drawn["boat"], wanted["boat"], wanted["known"])}
    owned = torch.nonzero(wanted["owned"], as_tuple=True)
    mine = {name: value[owned] for name, value in drawn.items()}
    true = {name: value[owned] for name, value in wanted.items()}

    def mean(error: Tensor, weight: Tensor) -> Tensor:
        return (error * weight).sum() / weight.sum().clamp(min=1)

    def apart(*names: str) -> Tensor:
        return torch.stack([(mine[name] - true[name]).abs() for name in names]).sum(0)

    parts["offset"] = mean(apart("dx", "dy"), true["owned"])
    parts["size"] = mean(apart("log_length", "log_width"), true["size_known"])
    parts["axis"] = mean(apart("sin_2a", "cos_2a"), true["axis_known"])
    # The bow vector is taught to be short where the bow is unknown by nature: not at all
    # where labels do not say.
    parts["bow"] = mean(apart("bow_x", "bow_y"), true["bow_known"])
    wake = F.binary_cross_entropy_with_logits(mine["wake"], true["wake"], reduction="none")
    parts["wake"] = mean(wake, true["wake_known"])
    parts["hull"] = mean(hull_distance(mine, true), true["axis_known"])
    return parts


def focal(logit: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Penalty-reduced focal loss (Zhou et al. 2019, Objects as Points, eq. 1), a mean over crops
    of (B, h, w). Each is divided by the root of its boats, not all by the number of boats in the
    batch: a full marina would drown the lone boat and the sea without any.
    """
    is_centre = target >= 0.999
    chance = torch.sigmoid(logit)
    right = F.logsigmoid(logit) * (1 - chance) ** _ALPHA
    wrong = F.logsigmoid(-logit) * chance**_ALPHA * (1 - target) ** _BETA
    total = (torch.where(is_centre, right, wrong) * known).flatten(1).sum(1)
    boats = (is_centre * known).flatten(1).sum(1)
    return -(total / torch.sqrt(1 + boats)).mean()


def hull_distance(drawn: dict[str, Tensor], wanted: dict[str, Tensor]) -> Tensor:
    """1 - exp(-distance / size) between the shapes of hulls taken as Gaussians about one
    centre, (N,): the normalised Wasserstein distance of Wang et al. 2021 (arXiv
    2110.13389), for oriented hulls.
    """
    mine, true = _covariance(drawn), _covariance(wanted)
    # Trace of the cross term of two 2 x 2 covariances (Yang et al. 2021, ICML, eq. 5).
    product = mine @ true
    trace = product.diagonal(dim1=-2, dim2=-1).sum(-1)
    determinant = torch.linalg.det(mine) * torch.linalg.det(true)
    cross = torch.sqrt((trace + 2 * torch.sqrt(determinant.clamp(min=1e-9))).clamp(min=1e-9))
    shape = (mine + true).diagonal(dim1=-2, dim2=-1).sum(-1) - 2 * cross
    size = torch.exp((wanted["log_length"] + wanted["log_width"]) / 2)
    return 1 - torch.exp(-torch.sqrt(shape.clamp(min=1e-6)) / size)


def _covariance(hull: dict[str, Tensor]) -> Tensor:
    """(N, 2, 2) of hulls in units of UNIT_PX: half axes as standard deviations."""
    along = (2 * hull["log_length"].clamp(-4, 5)).exp() / 4
    across = (2 * hull["log_width"].clamp(-4, 5)).exp() / 4
    norm = torch.sqrt(hull["sin_2a"] ** 2 + hull["cos_2a"] ** 2 + 1e-6)
    cos, sin = hull["cos_2a"] / norm, hull["sin_2a"] / norm
    middle, half = (along + across) / 2, (along - across) / 2
    row_1 = torch.stack([middle + half * cos, half * sin], -1)
    row_2 = torch.stack([half * sin, middle - half * cos], -1)
    return torch.stack([row_1, row_2], -2)
