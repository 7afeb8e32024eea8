"""Budgets: how wide a fusion must be to add so many weights. Counts by formula, makes no weight."""

from bisect import bisect_left
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]

from tagwright.errors import ModelError

TOLERANCE = 0.02
BYTES, GIB = 16, 1 << 30  # of a weight that is trained: its value, its gradient and two numbers of the optimizer


def count_perceptron(width: int, inner: int, *, out: int) -> int:
    """W LN(gelu(U x)): matrices with their biases, and the norm between them."""
    return width * inner + inner + 2 * inner + inner * out + out


def count_dwatt(layers: int, width: int, *, inner: int, d_pos: int) -> int:
    """An MLP and a norm for each layer, an MLP for the query, and keys."""
    one = count_perceptron(width, inner, out=width)
    return layers * (one + 2 * width) + one + layers * d_pos + d_pos * width


def count_concat(layers: int, width: int, *, inner: int) -> int:
    """An MLP over all layers side by side, and a norm."""
    return count_perceptron(layers * width, inner, out=width) + 2 * width


def count_block(width: int, inner: int, *, feed: int) -> int:
    """A transformer layer: attention of the inner width, a feed-forward layer, two norms."""
    return 4 * width * inner + 3 * inner + width + 2 * width * feed + feed + width + 4 * width


def solve(count: Callable[[int], int], budget: int) -> int:
    """The number, 1 or more, whose count comes nearest to the budget; counts rise."""
    high = 1
    while count(high) < budget:
        high *= 2
    above = 1 + bisect_left(range(1, high), budget, key=count)
    return min((size for size in (above - 1, above) if size), key=lambda size: abs(count(size) - budget))


def is_met(count: int, budget: int) -> bool:
    return abs(count - budget) <= TOLERANCE * budget


def check_budget(count: int, budget: int, *, name: str) -> None:
    """Refuse a fusion whose nearest number of weights isn't near enough, or that can't be held."""
    if (size := BYTES * count) > (room := psutil.virtual_memory().total):
        raise ModelError(
            f"fusion.budget = {budget:,}: to train {count:,} weights takes {size / GIB:,.0f} GiB, and this machine has "
            f"{room / GIB:,.0f} GiB. Give a smaller budget."
        )
    if not is_met(count, budget):
        raise ModelError(
            f"fusion.budget = {budget:,} can't be met within {TOLERANCE:.0%}: the nearest that {name} can add to this "
            f"model is {count:,} weights. Give that, or another budget or fusion."
        )
