"""Masked language modelling: tokens or whole words are hidden and predicted at their own place, seeing both sides."""

from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor

from tagwright.errors import RecipeError
from tagwright.pretraining.objectives.choice import count_wanted, draw, find_firsts
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary

MASKED, RANDOM = 0.8, 0.1  # of the predicted tokens, as in BERT; the rest stay


class Mlm:
    architecture: ClassVar[Literal["one", "two"]] = "one"
    final_sight: ClassVar[Sight] = "both"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        self.config, self.vocabulary = config, vocabulary
        self.mask = vocabulary.require_mask(config.name)
        self.rate = config.share
        self.ordinary = (~vocabulary.specials).nonzero()[:, 0]
        if config.whole_words and not vocabulary.starts.any():
            raise RecipeError(
                "`whole_words` needs a tokenizer that marks where words begin (Ġ, ▁ or ##), and this one has no such "
                "mark. Set whole_words = false."
            )

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        free = (rows.packs >= 0) & ~self.vocabulary.specials[rows.ids]
        firsts = self._find_words(rows, free) if self.config.whole_words else None
        keep = draw(free, wanted=count_wanted(free, self.rate), generator=generator, firsts=firsts)
        ids = self._replace(rows.ids, keep, generator)
        return Lesson(ids, rows.packs, rows.ids, keep, "both")

    def _find_words(self, rows: Rows, free: Tensor) -> Tensor:
        """B T: where each token's word begins. A special token parts words."""
        turns = free != free.roll(1, dims=1)
        return find_firsts(self.vocabulary.starts[rows.ids] | rows.begins | turns)

    def _replace(self, ids: Tensor, keep: Tensor, generator: Generator) -> Tensor:
        if self.config.replace == "mask":
            return ids.masked_fill(keep, self.mask)
        fate = torch.rand(ids.shape, generator=generator)
        strangers = self.ordinary[torch.randint(len(self.ordinary), ids.shape, generator=generator)]
        ids = torch.where(keep & (fate >= MASKED) & (fate < MASKED + RANDOM), strangers, ids)
        return ids.masked_fill(keep & (fate < MASKED), self.mask)
