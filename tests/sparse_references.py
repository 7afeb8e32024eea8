"""Slow references for sparse tuning: dense gradients, dense masks, dense state; and a toy module with documents."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Masks = dict[str, Tensor]


class Toy(nn.Module):
    """Words to tags: an embedding, two layers (the second's weight tied to a third's), a norm."""

    def __init__(self, *, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.table = nn.Embedding(30, 12)
        self.one, self.two, self.three = nn.Linear(12, 16), nn.Linear(16, 16), nn.Linear(16, 16, bias=False)
        self.three.weight = self.two.weight
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, gold: Tensor) -> Tensor:
        """B W, B W -> the loss summed over words; gold is -100 where there is none."""
        state = torch.tanh(self.one(self.table(ids)))
        state = self.norm(state + self.three(self.dropout(torch.tanh(self.two(state)))))
        return F.cross_entropy(self.head(state).flatten(0, 1), gold.flatten(), reduction="sum", ignore_index=-100)

    def weights(self) -> dict[str, nn.Parameter]:
        """Those that entries are chosen of: all but the head's."""
        return {name: weight for name, weight in self.named_parameters() if not name.startswith("head.")}


class ToyDocuments:
    """Documents of random words for a Toy; the tag of a word is its number's rest by 5."""

    def __init__(self, module: Toy, count: int = 24, *, seed: int = 1) -> None:
        self.module = module
        drawn = torch.Generator().manual_seed(seed)
        self.words: Sequence[int] = [2 + at % 4 for at in range(count)]
        self.tokens = self.words
        self._ids = [torch.randint(30, (length,), generator=drawn) for length in self.words]

    def collate(self, documents: Sequence[int]) -> dict[str, Tensor]:
        width = max(self.words[at] for at in documents)
        ids = torch.stack([F.pad(self._ids[at], (0, width - self.words[at])) for at in documents])
        gold = torch.stack([F.pad(self._ids[at] % 5, (0, width - self.words[at]), value=-100) for at in documents])
        return {"ids": ids, "gold": gold}

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        return self.module(**batch)

    def losses(self, documents: Sequence[int]) -> Tensor:
        with torch.no_grad():
            return torch.stack([self.loss(self.collate([at])) for at in documents])


def find_fisher(documents: ToyDocuments, ranked: Sequence[int], *, reduce: str = "mean") -> dict[str, Tensor]:
    """The sum of squared gradients of single documents, dense."""
    module = documents.module
    scores = {name: torch.zeros_like(weight) for name, weight in module.weights().items()}
    for at in ranked:
        module.zero_grad()
        loss = documents.loss(documents.collate([at]))
        (loss / documents.words[at] if reduce == "mean" else loss).backward()
        for name, weight in module.weights().items():
            scores[name] += weight.grad**2
    module.zero_grad()
    return scores


def find_masks(scores: dict[str, Tensor], count: int) -> Masks:
    """One global top k over all scores laid end to end."""
    flat = torch.cat([score.flatten() for score in scores.values()])
    mask = torch.zeros(len(flat), dtype=torch.bool)
    mask[flat.argsort(descending=True, stable=True)[:count]] = True
    parts = mask.split([score.numel() for score in scores.values()])
    return {name: part.view_as(score) for part, (name, score) in zip(parts, scores.items(), strict=True)}


class DenseAdam:
    """AdamW on masked dense gradients, with a dense count of steps for every entry."""

    def __init__(self, weights: dict[str, nn.Parameter], *, lr: float, keeps_state: bool = True) -> None:
        self.weights, self.lr, self.keeps_state = weights, lr, keeps_state
        self.state = {name: [torch.zeros_like(weight) for _ in range(4)] for name, weight in weights.items()}

    def change(self, masks: Masks, before: Masks | None) -> None:
        for name, states in self.state.items():
            stays = masks[name] & before[name] if before is not None and self.keeps_state else masks[name] & False
            for state in states:
                state *= stays

    @torch.no_grad()
    def step(self, masks: Masks) -> None:
        for name, weight in self.weights.items():
            mean, square, first, second = self.state[name]
            grad = weight.grad * masks[name]
            mean.copy_(mean * 0.9 + grad * (1 - 0.9))
            square.copy_(square * 0.999 + grad * grad * (1 - 0.999))
            first.copy_(first * 0.9 + (1 - 0.9))
            second.copy_(second * 0.999 + (1 - 0.999))
            update = self.lr * ((mean / first) / ((square / second).sqrt() + 1e-8))
            weight.copy_(torch.where(masks[name], weight - update, weight))


@torch.no_grad()
def clip_dense(weights: dict[str, nn.Parameter], masks: Masks, *, most: float) -> None:
    """Scale dense gradients by the norm of those under the mask, laid end to end."""
    held = torch.cat([weights[name].grad[masks[name]] for name in weights])
    norm = torch.linalg.vector_norm(held)
    for weight in weights.values():
        weight.grad.mul_((most / (norm + 1e-6)).clamp(max=1.0))


def copy_state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def differs(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
    """Names of tensors that are not equal bit for bit."""
    return [name for name in one if not torch.equal(one[name], other[name])]


def draw_batches(documents: ToyDocuments, steps: int, *, size: int = 6, seed: int = 5) -> list[dict[str, Any]]:
    drawn = torch.Generator().manual_seed(seed)
    rows = [torch.randperm(len(documents.words), generator=drawn)[:size].tolist() for _ in range(steps)]
    return [documents.collate(each) for each in rows]
