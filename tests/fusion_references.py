"""Fusions written plainly from their equations: loops over words and layers, one vector at a time, any precision.

Each takes the fusion whose weights it reads, the states of its layers (L B W H), those of the last layer (B W H) and
the real words (B W).
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tagwright.backbone.fusion.fusion import Fusion

Reference = Callable[[Fusion, Sequence[Tensor], Tensor, Tensor], Tensor]


def gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def norm(x: Tensor, gain: Tensor | float = 1.0, bias: Tensor | float = 0.0) -> Tensor:
    """Layer norm of one vector."""
    centred = x - x.mean()
    return centred / torch.sqrt((centred**2).mean() + 1e-5) * gain + bias


def even(x: Tensor) -> Tensor:
    return x / torch.sqrt((x**2).mean() + 1e-6)


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    product = layer.weight @ x
    return product if layer.bias is None else product + layer.bias


def over_words(one: Callable[[list[Tensor], Tensor], Tensor]) -> Reference:
    """A fusion of one word's states, for all words."""

    def all_words(fusion: Fusion, states: Sequence[Tensor], last: Tensor, keep: Tensor) -> Tensor:
        rows = [
            [one(fusion, [state[b, w] for state in states], last[b, w]) for w in range(last.shape[1])]  # type: ignore[call-arg, arg-type]
            for b in range(last.shape[0])
        ]
        return torch.stack([torch.stack(row) for row in rows])

    return all_words


def read_last(fusion: Fusion, states: list[Tensor], last: Tensor) -> Tensor:
    return last


def read_one(fusion: Fusion, states: list[Tensor], last: Tensor) -> Tensor:
    return states[0]


def average(fusion: Fusion, states: list[Tensor], last: Tensor) -> Tensor:
    return torch.stack(states).mean(0)


def mix(fusion: Fusion, states: list[Tensor], last: Tensor) -> Tensor:
    shares = [torch.exp(score) for score in fusion.scores]
    total = sum(shares)
    return fusion.gamma * sum(share / total * state for share, state in zip(shares, states, strict=True))


def concatenate(fusion: Fusion, states: list[Tensor], last: Tensor) -> Tensor:
    together = torch.cat([even(state) for state in states])
    entered = fusion.enter.flatten(0, 1).T @ together + fusion.enter_bias
    inner = norm(gelu(entered), fusion.inner_norm.weight, fusion.inner_norm.bias)
    return last + norm(linear(fusion.leave, inner), fusion.outer_norm.weight, fusion.outer_norm.bias)


def weigh(fusion: Fusion, last: Tensor, *, divides: bool) -> Tensor:
    """Equations 5, 7 and 10, of one word whose last state is brought to scale already."""
    enter, _, between, leave = fusion.query
    asked = last + linear(leave, norm(gelu(linear(enter, last)), between.weight, between.bias))
    asked = 1 + torch.where(asked > 0, asked, torch.exp(asked) - 1)
    keys = [fusion.keys.T @ place for place in fusion.positions]
    scores = torch.stack([asked @ key for key in keys])
    raised = torch.exp((scores - scores.max()) / (math.sqrt(len(last)) if divides else 1))
    return raised / raised.sum()


def attend(fusion: Fusion, states: list[Tensor], last: Tensor, *, better: bool) -> Tensor:
    """Equations 4, 8, 9 and 11."""

    def bring(state: Tensor) -> Tensor:
        state = even(state) if better else state
        return state if fusion.down is None else linear(fusion.down, state)

    weights, values = weigh(fusion, bring(last), divides=better), fusion.values
    read = torch.zeros_like(bring(last))
    for n, state in enumerate(states):
        inner = gelu(values.enter[n].T @ bring(state) + values.enter_bias[n, 0])
        inner = norm(inner, values.inner_norm_gain[n, 0], values.inner_norm_bias[n, 0])
        value = values.leave[n].T @ inner + values.leave_bias[n, 0]
        read = read + weights[n] * norm(value, values.outer_norm_gain[n, 0], values.outer_norm_bias[n, 0])
    read = 3 * read if better else read
    return last + (read if fusion.up is None else linear(fusion.up, read))


def deepen(fusion: Fusion, states: Sequence[Tensor], last: Tensor, keep: Tensor) -> Tensor:
    """Transformer layers over the words of each piece: padding is cut off instead of masked."""
    out = last.clone()
    for b in range(len(last)):
        words = list(last[b, : int(keep[b].sum())])
        for block in fusion.blocks:
            words = _add_block(block, words)
        out[b, : len(words)] = torch.stack(words)
    return out


def _add_block(block: nn.Module, words: list[Tensor]) -> list[Tensor]:
    normed = [norm(word, block.attend_norm.weight, block.attend_norm.bias) for word in words]
    asks, answers, values = ([linear(part, x) for x in normed] for part in (block.ask, block.answer, block.value))
    size = len(asks[0]) // block.heads
    seen = []
    for asked in asks:
        heads = []
        for part in (slice(head * size, (head + 1) * size) for head in range(block.heads)):
            shares = torch.stack([torch.exp(asked[part] @ answer[part] / math.sqrt(size)) for answer in answers])
            shares = shares / shares.sum()
            heads.append(sum(share * value[part] for share, value in zip(shares, values, strict=True)))
        seen.append(torch.cat(heads))
    words = [word + linear(block.attend, x) for word, x in zip(words, seen, strict=True)]
    fed = [norm(word, block.feed_norm.weight, block.feed_norm.bias) for word in words]
    return [word + linear(block.leave, gelu(linear(block.enter, x))) for word, x in zip(words, fed, strict=True)]


REFERENCES: dict[str, Reference] = {
    "last": over_words(read_last),
    "layer": over_words(read_one),
    "mean": over_words(average),
    "mix": over_words(mix),
    "concat": over_words(concatenate),
    "mlp": over_words(concatenate),
    "deeper": deepen,
    "dwatt": over_words(lambda *args: attend(*args, better=True)),
    "dwatt:paper": over_words(lambda *args: attend(*args, better=False)),
}
