"""What a model asks of matrix products, and how fast this machine can do them. Knows no training."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

SQUARE, BUDGET, BLOCKS = 1024, 0.25, 4  # side of the square; seconds of a block; blocks, of which the fastest counts


@dataclass(frozen=True)
class Size:
    """What decides the products of one step of a Llama decoder."""

    layers: int
    width: int
    inner: int
    vocabulary: int
    length: int
    tokens: int  # of a batch
    dtype: torch.dtype

    @property
    def weights(self) -> int:
        """Those that take part in products: embeddings are looked up, the output layer is multiplied."""
        return self.layers * (4 * self.width**2 + 3 * self.width * self.inner) + self.width * self.vocabulary

    @property
    def flops_per_token(self) -> int:
        """Forward and backward: 6 for a weight, and 6 x layers x width x length for attention.

        The latter counts the half of the scores that a causal model needs, though some kernels do all of them.
        """
        return 6 * self.weights + 6 * self.layers * self.width * self.length

    def list_products(self, chunk: int = 256) -> dict[str, tuple[int, int, int, int]]:
        """Every kind of product: how many of a kind, rows, inner side, columns."""
        width, inner, each = self.width, self.inner, self.layers
        return {
            "attention's four": (4 * each, self.tokens, width, width),
            "up and gate": (2 * each, self.tokens, width, inner),
            "down": (each, self.tokens, inner, width),
            "output layer": (self.tokens // chunk, chunk, width, self.vocabulary),
        }


def measure_square(dtype: torch.dtype, clock: Callable[[], float]) -> float:
    """FLOP/s of a square product in this precision: the peak that shares are of."""
    return _measure([_draw(SQUARE, SQUARE, dtype) for _ in range(2)], clock)


def measure_shapes(size: Size, clock: Callable[[], float]) -> dict[str, float]:
    """FLOP/s of the model's own products, with those of their gradients; `all` is as if a step were nothing else."""
    rates, flops, seconds = {}, 0.0, 0.0
    for name, (count, rows, inner, columns) in size.list_products().items():
        sides = [_draw(rows, inner, size.dtype), _draw(columns, inner, size.dtype).t()]
        rates[name] = _measure(sides, clock, gradients=True)
        work = 6.0 * count * rows * inner * columns
        flops, seconds = flops + work, seconds + work / rates[name]
    return rates | {"all": flops / seconds}


def _measure(sides: list[Tensor], clock: Callable[[], float], *, gradients: bool = False) -> float:
    left, right = sides
    slope = left @ right
    flops = 2.0 * left.shape[0] * left.shape[1] * right.shape[1] * (3 if gradients else 1)

    def multiply() -> None:
        left @ right
        if gradients:
            slope @ right.t()
            slope.t() @ left

    multiply()
    best = 0.0
    for _ in range(BLOCKS):
        began, done = clock(), 0
        while clock() - began < BUDGET / BLOCKS:
            multiply()
            done += 1
        best = max(best, flops * done / (clock() - began))
    return best


def _draw(rows: int, columns: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(rows, columns).to(dtype)


def choose_clock(name: str, threads: int) -> Callable[[], float]:
    """`wall`, or `cpu`: the processor time of this process, for a machine that is busy with something else."""
    return time.perf_counter if name == "wall" else lambda: time.process_time() / threads
