"""Concatenation: all layers side by side through one MLP; and its control, the last layer alone through the same."""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.backbone.fusion.budget import check_budget, count_concat, solve
from tagwright.backbone.fusion.config import FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, even_out, pick_layers, spread


class ConcatFusion(Fusion):
    """h = z_L + LN(W LN(gelu(U [z_1; ...; z_L]))), states at one scale before U.

    U z is summed layer by layer, so that no layer is kept. The gain of the outer norm starts at zero: h = z_L.
    """

    times: ClassVar[int] = 1  # the inner width that isn't given, in widths of a state

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        self.layers = self._pick()
        inner, count = self._choose_inner(), len(self.layers)
        self.enter = spread(count, width, inner, fan_in=count * width)
        self.enter_bias = spread(inner, fan_in=count * width)
        self.inner_norm = nn.LayerNorm(inner)
        self.leave = nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width)
        nn.init.zeros_(self.outer_norm.weight)

    def _pick(self) -> tuple[int, ...]:
        return pick_layers(self.config, self.depth)

    def _choose_inner(self) -> int:
        budget, layers = self.config.budget, len(self.layers)
        if budget is None:
            return self.config.inner or self.times * self.width

        def count(inner: int) -> int:
            return count_concat(layers, self.width, inner=inner)

        inner = solve(count, budget)
        check_budget(count(inner), budget, name=self.config.name)
        return inner

    def fold(self, carry: Tensor | None, state: Tensor, *, at: int) -> Tensor:
        bias = self.enter_bias if carry is None else carry
        return bias + even_out(state) @ self.enter[at]

    def finish(self, carry: Tensor, last: Tensor, *, keep: Tensor) -> Tensor:
        joined: Tensor = self.outer_norm(self.leave(self.inner_norm(F.gelu(carry))))
        return last + joined


class MlpFusion(ConcatFusion):
    """The last layer and an MLP of it: more weights, no more layers."""

    times = 4

    def _pick(self) -> tuple[int, ...]:
        return (self.depth,)
