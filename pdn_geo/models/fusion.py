"""Fusion: looks hear of their neighbours and of the global view, and correct themselves."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from pdn_geo.models.surroundings import Surroundings
from pdn_geo.models.tokens import MEASURES, TOTALS, Tokens

DIM = 128
_WAVELENGTHS_M = tuple(2.0**octave for octave in range(3, 14))  # 8 m to 8 km
_KIND = 4  # log2 GSD, log2 zoom, order, time


class Fused(NamedTuple):
    """boats: (K, N) what to add to the logit of each boat's score, 0 where there is none.
    log_ratio: (K, S) of each block about a look, the logarithm of how many times more boats
    are there than was expected, 0 outside the scene. summary: (K, DIM) each look's token.
    """

    boats: Tensor
    log_ratio: Tensor
    summary: Tensor


class Place(nn.Module):
    """Where something lies, seen from somewhere: waves from 8 m to 8 km along both axes.

    Fourier features (Tancik et al. 2020, NeurIPS) in octaves. Always taken from the look that
    asks, so the same boats give the same answer wherever in a scene they are.
    """

    waves: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("waves", 2 * torch.pi / torch.tensor(_WAVELENGTHS_M), persistent=False)
        self.mix = nn.Linear(4 * len(_WAVELENGTHS_M), dim, bias=False)

    def forward(self, offset_m: Tensor) -> Tensor:  # (..., 2) metres -> (..., dim)
        phase = (offset_m[..., None] * self.waves).flatten(-2)
        return self.mix(torch.cat([phase.sin(), phase.cos()], -1))


class Attention(nn.Module):
    """One encoder layer, norm first: tokens ask others, then think by themselves."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.think = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def forward(
        self, x: Tensor, at: Tensor, others: Tensor, others_at: Tensor, real: Tensor
    ) -> Tensor:
        """x, at: (K, T, dim) tokens and their places. others, others_at: (K, S, dim), of which
        those where `real` (K, S) are heard. A token may also hear nothing.
        """
        query = self._by_head(self.query(self.norm(x) + at))
        keys = functional.pad(self.norm(others) + others_at, (0, 0, 0, 1))
        key, value = (self._by_head(part) for part in self.key_value(keys).chunk(2, -1))
        heard = functional.pad(real, (0, 1), value=True)[:, None, None]
        answer = functional.scaled_dot_product_attention(query, key, value, attn_mask=heard)
        x = x + self.out(answer.transpose(1, 2).flatten(2))
        return x + self.think(x)

    def _by_head(self, x: Tensor) -> Tensor:  # (K, T, dim) -> (K, heads, T, dim / heads)
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class Fusion(nn.Module):
    """Three encoder layers (within a look, between neighbours, within again), then the global
    view around each look.

    features: channels of the patch network. cell_features: of the global stream. Starts as
    the identity: its gates are zero, so that all corrections are.
    """

    def __init__(
        self, features: int, cell_features: int = 256, *, dim: int = DIM, heads: int = 4
    ) -> None:
        super().__init__()
        self.read_look = nn.Linear(features + TOTALS, dim)
        self.read_boat = nn.Linear(features + MEASURES, dim)
        self.read_kind = nn.Linear(_KIND, dim)
        self.read_cell = nn.Linear(cell_features, dim)
        self.place = Place(dim)
        self.within = Attention(dim, heads)
        self.between = Attention(dim, heads)
        self.again = Attention(dim, heads)
        self.across = Attention(dim, heads)
        self.norm = nn.LayerNorm(dim)
        self.norm_cell = nn.LayerNorm(dim)
        self.judge_boat = nn.Linear(dim, 1, bias=False)
        self.ask_cell = nn.Linear(dim, dim)
        self.answer = nn.Linear(dim, dim)
        self.boat_gate = nn.Parameter(torch.zeros(dim))
        self.cell_gate = nn.Parameter(torch.zeros(dim))

    def forward(self, tokens: Tokens, near: Tensor, is_near: Tensor, around: Surroundings) -> Fused:
        """near, is_near: (K, n) neighbours of each look and which of them there are, see
        `ground_neighbours`. Several scenes go one after the other, their looks no neighbours.
        """
        middle = tokens.place[:, :1]
        at = self.place(tokens.place - middle)
        x = self._read(tokens)
        x = self.within(x, at, x, at, tokens.real)
        theirs = self.place(tokens.place[near] - middle[:, None])  # (K, n, 1 + N, dim)
        heard = tokens.real[near] & is_near[..., None]
        x = self.between(x, at, x[near].flatten(1, 2), theirs.flatten(1, 2), heard.flatten(1))
        x = self.again(x, at, x, at, tokens.real)
        cells, cells_at = self.read_cell(around.features), self.place(around.place - middle)
        x = self.norm(self.across(x, at, cells, cells_at, around.real))
        boats = self.judge_boat(self.boat_gate * x[:, 1:])[..., 0]
        asked = self.cell_gate * self.ask_cell(x[:, :1])
        answered = self.answer(self.norm_cell(cells) + cells_at)
        log_ratio = (asked * answered).sum(-1) / asked.shape[-1] ** 0.5
        return Fused(
            boats=boats.masked_fill(~tokens.real[:, 1:], 0),
            log_ratio=log_ratio.masked_fill(~around.real, 0),
            summary=x[:, 0],
        )

    def _read(self, tokens: Tokens) -> Tensor:  # -> (K, 1 + N, dim)
        days = torch.sign(tokens.time) * torch.log1p(tokens.time.abs())
        look = tokens.look[:, None].expand(*tokens.time.shape, -1)
        kind = self.read_kind(torch.cat([look, days[..., None]], -1))
        content = [self.read_look(tokens.summary)[:, None], self.read_boat(tokens.boats)]
        return torch.cat(content, 1) + kind
