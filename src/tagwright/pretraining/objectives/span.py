"""Span corruption, as T5 learns: spans are cut out, a sentinel in place of each, and a decoder writes what they held.

Documents of a row stay apart: no span crosses a boundary, sentinels count anew in each document, and what the decoder
reads begins anew too. A document that loses nothing asks the decoder nothing. Special tokens are never cut out.
"""

from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor

from tagwright.errors import RecipeError
from tagwright.pretraining.objectives.choice import count_wanted, draw, find_firsts
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary

STEP = 32  # lengths are multiples of it, so that a compiled model meets few shapes
NOWHERE = -1


class SpanCorruption:
    architecture: ClassVar[Literal["one", "two"]] = "two"
    final_sight: ClassVar[Sight] = "both"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        if vocabulary.pad is None or vocabulary.decoder_start is None or len(vocabulary.sentinels) < 2:
            raise RecipeError(
                f"The objective {config.name!r} needs a padding token, a token for the decoder to begin with and "
                f"sentinels <extra_id_0>, <extra_id_1> and so on; this tokenizer has {len(vocabulary.sentinels)} "
                f"sentinels, padding token {vocabulary.pad} and decoder start {vocabulary.decoder_start}. "
                f"Add what is missing to the tokenizer, or choose another objective."
            )
        self.specials, self.sentinels = vocabulary.specials, torch.tensor(vocabulary.sentinels)
        self.pad, self.decoder_start = vocabulary.pad, vocabulary.decoder_start
        self.rate, self.span_length = config.share, config.span_length

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        cut = self._draw_cut((rows.packs >= 0) & ~self.specials[rows.ids], generator)
        begins = rows.begins
        span_begins = cut & (begins | ~cut.roll(1, dims=1))
        spans_so_far = self._count_within(span_begins, begins)
        self._check_sentinels(spans_so_far)
        ids, packs = self._write_encoder(rows, cut, span_begins, spans_so_far)
        targets, decoder_packs = self._write_decoder(rows, cut, span_begins, spans_so_far)
        keep = decoder_packs >= 0
        decoder_ids = targets.roll(1, dims=1).masked_fill(Rows(targets, decoder_packs).begins, self.decoder_start)
        decoder = (decoder_ids.masked_fill(~keep, self.pad), decoder_packs)
        return Lesson(ids, packs, targets, keep, "both", decoder)

    def _draw_cut(self, free: Tensor, generator: Generator) -> Tensor:
        """B T bool: which tokens are cut out.

        Free tokens are taken as one sequence. Those to be cut are parted into spans at random, and each span is put
        at a gap of its own between those that stay; what a boundary or a special token parts becomes two spans.
        """
        lost = count_wanted(free, self.rate)  # B
        left = free.sum(dim=1) - lost
        spans = (lost / self.span_length).round().long().clamp(min=1).minimum(lost).minimum(left + 1)
        places = torch.arange(free.shape[1] + 1)
        parted = draw(places < lost[:, None] - 1, wanted=spans - 1, generator=generator)
        gaps = draw(places <= left[:, None], wanted=spans, generator=generator)
        before = (~gaps).long().argsort(dim=1, stable=True)  # B T+1: span s follows this many tokens that stay
        span = parted.cumsum(dim=1) - parted.long()  # the span of the nth token to be cut
        at = (places + before.gather(1, span)).clamp(max=free.shape[1])
        cut = torch.zeros(at.shape, dtype=torch.long).scatter_add_(1, at, (places < lost[:, None]).long()) > 0
        return free & cut.gather(1, (free.cumsum(dim=1) - 1).clamp(min=0))

    def _count_within(self, marks: Tensor, begins: Tensor) -> Tensor:
        """B T: the marks of the document up to here, this place included."""
        total = marks.cumsum(dim=1)
        return total - (total - marks.long()).gather(1, find_firsts(begins))

    def _check_sentinels(self, spans_so_far: Tensor) -> None:
        most, known = int(spans_so_far.max()) + 1, len(self.sentinels)
        if most > known:
            raise RecipeError(
                f"A document loses {most - 1} spans, which takes {most} sentinels; the tokenizer has {known}. "
                f"Lower `rate`, raise `span_length`, shorten the rows or add sentinels to the tokenizer."
            )

    def _write_encoder(
        self, rows: Rows, cut: Tensor, span_begins: Tensor, spans_so_far: Tensor
    ) -> tuple[Tensor, Tensor]:
        ids = torch.where(span_begins, self.sentinels[spans_so_far - 1], rows.ids)
        stays = (rows.packs >= 0) & (~cut | span_begins)
        at = torch.where(stays, stays.cumsum(dim=1) - 1, NOWHERE)
        return self._write([(at, ids)], rows.packs)

    def _write_decoder(
        self, rows: Rows, cut: Tensor, span_begins: Tensor, spans_so_far: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Before each span its sentinel, after the last of a document one more."""
        ends = rows.begins.roll(-1, dims=1) & (rows.packs >= 0) & (spans_so_far > 0)
        written = span_begins.long() + cut + ends
        at = written.cumsum(dim=1) - written
        return self._write(
            [
                (torch.where(span_begins, at, NOWHERE), self.sentinels[spans_so_far - 1]),
                (torch.where(cut, at + span_begins, NOWHERE), rows.ids),
                (torch.where(ends, at + span_begins + cut, NOWHERE), self.sentinels[spans_so_far]),
            ],
            rows.packs,
        )

    def _write(self, parts: list[tuple[Tensor, Tensor]], packs: Tensor) -> tuple[Tensor, Tensor]:
        """Put ids where they belong (B T each, NOWHERE: not at all); ids and packs, padded on the right."""
        longest = 1 + max(int(at.max()) for at, _ in parts)
        width = max(STEP, -(-longest // STEP) * STEP)
        ids = torch.full((len(packs), width), self.pad)
        new_packs = torch.full_like(ids, -1)
        for at, values in parts:
            row, column = (at != NOWHERE).nonzero(as_tuple=True)
            ids[row, at[row, column]] = values[row, column]
            new_packs[row, at[row, column]] = packs[row, column]
        return ids, new_packs
