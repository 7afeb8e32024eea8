"""Depth-wise attention (arXiv 2209.15168): every word chooses, by its last state, the layers it is read from."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.backbone.fusion.budget import check_budget, count_dwatt, is_met, solve
from tagwright.backbone.fusion.config import READS, FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, even_out, pick_layers, spread

HASTE = 3.0


class DwattFusion(Fusion):
    """k_n = W_K kpos_n                    keys, learned for each layer
    v_n = LN_n(W_n LN(gelu(U_n z_n)))      values
    q   = 1 + elu(z + f(z))                query, by an MLP of the last state
    h   = z + sum_n softmax_n(q k_n) v_n

    Five changes against the paper, each with a name of its own: scores are divided by sqrt(d), for they would settle
    on one layer before anything is learned; layers are brought to one scale; the gain of LN_n starts at zero, so that
    h = z; the sum counts threefold, or such a start would take hundreds of steps to leave; `rank` brings the states of
    all layers down by one matrix, and the sum up by another.
    """

    divides_scores: ClassVar[bool] = True
    evens_out: ClassVar[bool] = True
    starts_as_last: ClassVar[bool] = True
    hastens: ClassVar[bool] = True

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        self.layers = pick_layers(config, depth)
        rank, inner = choose_sizes(config, width, layers=len(self.layers))
        size = rank or width
        self.down = None if rank is None else nn.Linear(width, rank, bias=False)
        self.up = None if rank is None else nn.Linear(rank, width, bias=False)
        self.positions = nn.Parameter(torch.rand(len(self.layers), config.d_pos))
        self.keys = spread(config.d_pos, size, fan_in=config.d_pos)
        self.query = nn.Sequential(nn.Linear(size, inner), nn.GELU(), nn.LayerNorm(inner), nn.Linear(inner, size))
        self.values = Values(len(self.layers), size, inner=inner)
        if self.starts_as_last:
            nn.init.zeros_(self.values.outer_norm_gain)

    def fold(self, carry: list[Tensor] | None, state: Tensor, *, at: int) -> list[Tensor]:
        return [*(carry or []), self._bring(state)]

    def _bring(self, states: Tensor) -> Tensor:
        """To one scale and, where there is one, to the rank: B W H -> B W D."""
        states = even_out(states) if self.evens_out else states
        return states if self.down is None else self.down(states)

    def finish(self, carry: list[Tensor], last: Tensor, *, keep: Tensor) -> Tensor:
        weights = self.weigh(last).flatten(0, -2)  # T L, T = all words
        read: Tensor = self.values([state.flatten(0, -2) for state in carry], weights=weights)  # T D
        read = HASTE * read if self.hastens else read
        read = read if self.up is None else self.up(read)
        return last + read.view_as(last)

    def weigh(self, last: Tensor) -> Tensor:
        own = self._bring(last)
        asked = 1 + F.elu(own + self.query(own))
        scores: Tensor = asked @ (self.positions @ self.keys).T
        return (scores * own.shape[-1] ** -0.5 if self.divides_scores else scores).softmax(-1)


class PaperDwattFusion(DwattFusion):
    """The paper's form to the letter."""

    divides_scores = evens_out = starts_as_last = hastens = False


class Values(nn.Module):
    """The MLP and the norm of every layer, each its own."""

    def __init__(self, layers: int, size: int, *, inner: int) -> None:
        super().__init__()
        self.enter = spread(layers, size, inner, fan_in=size)
        self.enter_bias = spread(layers, 1, inner, fan_in=size)
        self.inner_norm_gain = nn.Parameter(torch.ones(layers, 1, inner))
        self.inner_norm_bias = nn.Parameter(torch.zeros(layers, 1, inner))
        self.leave = spread(layers, inner, size, fan_in=inner)
        self.leave_bias = spread(layers, 1, size, fan_in=inner)
        self.outer_norm_gain = nn.Parameter(torch.ones(layers, 1, size))
        self.outer_norm_bias = nn.Parameter(torch.zeros(layers, 1, size))

    def forward(self, states: Sequence[Tensor], *, weights: Tensor) -> Tensor:
        """Every layer's states (T D) and the weight of each (T L) -> T D, the weighted sum of their values."""
        read = torch.zeros_like(states[0])
        own = zip(*(part.unbind() for part in self.parameters()), strict=True)  # in the order of __init__
        for state, share, parts in zip(states, weights.unbind(-1), own, strict=True):
            read = read + share[:, None] * find_value(state, *parts)
        return read


def find_value(state: Tensor, *parts: Tensor) -> Tensor:
    """Of one layer. Norms are given their gains, so that backward needs no second copy of what they made."""
    enter, enter_bias, inner_gain, inner_bias, leave, leave_bias, outer_gain, outer_bias = parts
    inner = F.gelu(torch.addmm(enter_bias, state, enter))
    inner = F.layer_norm(inner, inner.shape[-1:], inner_gain[0], inner_bias[0])
    outer = torch.addmm(leave_bias, inner, leave)
    return F.layer_norm(outer, outer.shape[-1:], outer_gain[0], outer_bias[0])


THIN = 1 / 16  # share of a state's width; a thinner MLP lets little of a layer through


class Sizes(NamedTuple):
    """rank: numbers a state is brought down to; None leaves it as it is. inner: width within each MLP."""

    rank: int | None
    inner: int


def choose_sizes(config: FusionConfig, width: int, *, layers: int) -> Sizes:
    """As the config says; with a budget gamma follows; where it would be thin and no rank is given, the rank does."""

    def count(rank: int | None, inner: int) -> int:
        brought = 0 if rank is None else 2 * width * rank
        return brought + count_dwatt(layers, rank or width, inner=inner, d_pos=config.d_pos)

    def widen(rank: int) -> int:
        return max(1, int(config.gamma * rank))

    if config.budget is None:
        return Sizes(config.rank, widen(config.rank or width))
    inner = solve(lambda inner: count(config.rank, inner), config.budget)
    found = Sizes(config.rank, inner)
    is_sound = is_met(count(*found), config.budget) and inner >= THIN * width
    if config.rank is None and "rank" in READS[config.name] and not is_sound:
        rank = solve(lambda rank: count(rank, widen(rank)), config.budget)
        found = Sizes(rank, solve(lambda inner: count(rank, inner), config.budget))
    check_budget(count(*found), config.budget, name=config.name)
    return found
