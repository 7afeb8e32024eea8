"""Deeper: further transformer layers over words, on top of the last layer. The control with weights and words."""

from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.backbone.fusion.budget import check_budget, count_block, solve
from tagwright.backbone.fusion.config import FusionConfig
from tagwright.backbone.fusion.fusion import Fusion
from tagwright.errors import ModelError

FEED = 4  # times the inner width is that of the feed-forward layer, where no budget says otherwise


class Block(nn.Module):
    """x += O attend(LN x); x += W gelu(U LN x). O and W start at zero: a fresh block changes nothing.

    Every word sees all real words of its piece. Positions are in the states already.
    """

    def __init__(self, width: int, inner: int, *, feed: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attend_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.answer, self.value = (nn.Linear(width, inner) for _ in range(3))
        self.attend = nn.Linear(inner, width)
        self.enter, self.leave = nn.Linear(width, feed), nn.Linear(feed, width)
        for weight in (*self.attend.parameters(), *self.leave.parameters()):
            nn.init.zeros_(weight)

    def forward(self, states: Tensor, keep: Tensor) -> Tensor:
        """B W H, B W -> B W H."""
        normed = self.attend_norm(states)
        ask, answer, value = (
            part(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.ask, self.answer, self.value)
        )
        seen = F.scaled_dot_product_attention(ask, answer, value, attn_mask=keep[:, None, None, :])
        states = states + self.attend(seen.transpose(1, 2).flatten(2))
        fed: Tensor = self.leave(F.gelu(self.enter(self.feed_norm(states))))
        return states + fed


class DeeperFusion(Fusion):
    """The last layer and some more."""

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        inner, feed = self._choose_widths()
        if inner % config.heads:
            raise ModelError(f"fusion.heads = {config.heads} does not divide the inner width of deeper, {inner}.")
        blocks = (Block(width, inner, feed=feed, heads=config.heads) for _ in range(config.blocks))
        self.blocks = nn.ModuleList(blocks)

    def _choose_widths(self) -> tuple[int, int]:
        """Of attention and of the feed-forward layer: the first as a budget allows, the second takes up the rest."""
        config = self.config
        if config.budget is None:
            inner = config.inner or self.width
            return inner, FEED * inner

        def count(inner: int, feed: int) -> int:
            return config.blocks * count_block(self.width, inner, feed=feed)

        steps = solve(lambda steps: count(steps * config.heads, FEED * steps * config.heads), config.budget)
        inner = steps * config.heads
        feed = solve(lambda feed: count(inner, feed), config.budget)
        check_budget(count(inner, feed), config.budget, name=config.name)
        return inner, feed

    def finish(self, carry: None, last: Tensor, *, keep: Tensor) -> Tensor:
        for block in self.blocks:
            last = block(last, keep)
        return last
