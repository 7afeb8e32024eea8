"""PairsHead: spans that may nest and overlap, and relations between spans. Knows nothing of backbones or files.

All stretches of words up to a length are ranked by one number each; a beam keeps so many for each word, and only these
get a vector and a score for every label. Pairs of them go the same way: ranked, kept, scored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log

import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.heads.config import HeadConfig
from tagwright.heads.head import Head, Target, note_span
from tagwright.heads.structure.beam import Found, Places, count_survivors, keep_best
from tagwright.heads.structure.edges import EdgeScorer
from tagwright.heads.structure.reading import Edge, assemble
from tagwright.heads.structure.scope import ARGUMENT, Scope
from tagwright.heads.structure.spans import SpanReader, SpanScorer
from tagwright.heads.structure.targets import EDGE, GIVEN, SPAN, Gold, cut_rows, stack_rows
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span


@dataclass(frozen=True)
class Beam:
    """The stretches that survived and those that had to; N of them, flat over the batch.

    ranks    B W L  of all candidates, by their first word and length; nothing where all spans are given
    scores   N C    of the labels of spans; C is 0 where all spans are given
    is_given N
    fits     N      short enough to be predicted
    """

    places: Places
    vectors: Tensor
    is_given: Tensor
    fits: Tensor
    scores: Tensor
    ranks: Tensor | None


class PairsHead(Head):
    """Each label of a survivor is right or wrong on its own; a score is the probability that it is right.

    The loss is a sum over stretches and pairs, and each belongs to the word it begins with.
    """

    def __init__(self, width: int, labels: Labels, *, config: HeadConfig) -> None:
        super().__init__()
        self.labels, self.config, self.scope = labels, config, Scope(labels, config)
        self.given = frozenset() if config.given == "nothing" else frozenset((config.given,))
        self.types = [at for at, label in enumerate(labels) if label != ARGUMENT]
        rest = {"dropout": config.dropout}
        self.reader = SpanReader(width, **rest)
        self.spans = SpanScorer(width, len(labels), longest=config.longest, **rest) if len(labels) else None
        self.edges = EdgeScorer(width, len(labels.relations), **rest) if labels.relations else None

    @property
    def predicts(self) -> frozenset[str]:
        return frozenset(("spans",) * bool(self.types) + ("relations",) * bool(self.labels.relations))

    @classmethod
    def describe(cls, config: HeadConfig) -> str:
        given = f", {config.given} given" * (config.given != "nothing")
        return f"{config.name}, spans of up to {config.longest} words, {config.beam:g} kept for each word{given}"

    @classmethod
    def list_labels(cls, documents: Sequence[Document], config: HeadConfig) -> Labels:
        return Scope.find(documents, config).labels

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        for document in documents:
            for reason, span, label in self.scope.list_faults(document):
                note_span(ledger, reason, document=document, span=replace(span, label=label))

    def find_target(self, document: Document) -> Target:
        return self.scope.list_rows(document)

    def cut_target(self, target: Target, *, first: int, last: int) -> Target:
        return cut_rows(target, first=first, last=last)

    def stack(self, targets: Sequence[Target]) -> Tensor:
        return stack_rows(targets)

    # --- what survives -----------------------------------------------------------------------------------------------

    def _find_beam(self, states: Tensor, keep: Tensor, *, given: Found, also: Iterable[Found] = ()) -> Beam:
        """The stretches that the beam keeps, those that are given, and `also` some."""
        words, parts, ranks = self.reader.look(states), [given, *also], None
        if self.spans is not None:
            borders = self.spans.look(states)
            ranks = self.spans.rank(borders, keep)
            row, at = keep_best(ranks.detach().flatten(1), self._count(keep))
            start = at // ranks.shape[2]
            parts.append((row, start, start + at % ranks.shape[2] + 1))
        places = Places.join(parts, words=keep.shape[1])
        vectors = self.reader.embed(words, places)
        is_given = torch.zeros(len(places), dtype=torch.bool, device=states.device)
        is_given[places.find(given)] = True
        scores = vectors[:, :0]
        if self.spans is not None:
            scores = self.spans.classify(vectors, self.spans.rank_at(borders, places))
        return Beam(places, vectors, is_given, places.length <= self.config.longest, scores, ranks)

    def _count(self, keep: Tensor) -> Tensor:
        return count_survivors(keep.sum(1), self.config.beam)

    # --- learning ----------------------------------------------------------------------------------------------------

    def loss(self, states: Tensor, gold: Tensor, *, keep: Tensor) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            states = states.float()
            given, wanted, edges = (Gold.take(gold, kind) for kind in (GIVEN, SPAN, EDGE))
            beam = self._find_beam(states, keep, given=given.first, also=[wanted.first])
            loss = states.new_zeros(())
            if beam.ranks is not None:
                loss = loss + _teach_spans(beam, beam.ranks, wanted)
            if self.edges is not None:
                loss = loss + self._teach_edges(self.edges, beam, edges, states=states, keep=keep)
            return loss

    def _teach_edges(self, scorer: EdgeScorer, beam: Beam, gold: Gold, *, states: Tensor, keep: Tensor) -> Tensor:
        ends, total = scorer.look(beam.places, beam.vectors), len(beam.places)
        tails = torch.ones_like(beam.is_given)
        heads = tails if self.types else beam.is_given
        found = scorer.select(ends, heads=heads, tails=tails, counts=self._count(keep))
        right = beam.places.find(gold.first) * total + beam.places.find(gold.second)
        pairs: Tensor = torch.unique(torch.cat((found[0] * total + found[1], right)))
        ranks, scores = scorer.classify(ends, heads=pairs // total, tails=pairs % total, states=states)
        wanted = torch.zeros_like(scores)
        wanted[torch.searchsorted(pairs, right), gold.label] = 1
        return _sum_losses(ranks, wanted.amax(1)) + _sum_losses(scores, wanted)

    # --- finding -----------------------------------------------------------------------------------------------------

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        with torch.autocast(states.device.type, enabled=False):
            states = states.float()
            beam = self._find_beam(states, keep, given=_place_given(given, keep))
            spans = self._read_spans(beam, len(given), holds=self._choose_types(beam))
            edges = self._read_edges(beam, len(given), states=states, keep=keep)
        return [assemble(one, found, edges=led) for one, found, led in zip(given, spans, edges, strict=True)]

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        """Of the stretches that survive the beam."""
        with torch.autocast(states.device.type, enabled=False):
            beam = self._find_beam(states.float(), keep, given=_place_given(given, keep))
            return self._read_spans(beam, len(given), holds=self._choose_types(beam, least=least))

    def _choose_types(self, beam: Beam, *, least: float = 0.5) -> Tensor:
        """N C: the labels that hold, without those of arguments, which hold by their relations."""
        holds = torch.zeros_like(beam.scores, dtype=torch.bool)
        holds[:, self.types] = (beam.scores[:, self.types] > _logit(least)) & beam.fits[:, None]
        return holds

    def _read_spans(self, beam: Beam, batch: int, *, holds: Tensor) -> list[list[Span]]:
        found: list[list[Span]] = [[] for _ in range(batch)]
        at, label = holds.nonzero(as_tuple=True)
        places, scores = beam.places, beam.scores[at, label].sigmoid()
        columns = (places.row[at], places.start[at], places.end[at], label, scores)
        for row, start, end, name, score in zip(*(column.tolist() for column in columns), strict=True):
            found[row].append(Span(start, end, self.labels[name], score))
        return found

    def _read_edges(self, beam: Beam, batch: int, *, states: Tensor, keep: Tensor) -> list[list[Edge]]:
        found: list[list[Edge]] = [[] for _ in range(batch)]
        if self.edges is None or not len(beam.places):
            return found
        places, heads = beam.places, beam.is_given | self._choose_types(beam).any(1)
        is_argument = torch.zeros_like(heads)
        tails = heads
        if ARGUMENT in self.labels:
            is_argument = (beam.scores[:, self.labels.index(ARGUMENT)] > 0) & beam.fits
            tails = heads | beam.fits
        ends = self.edges.look(places, beam.vectors)
        head, tail = self.edges.select(ends, heads=heads, tails=tails, counts=self._count(keep))
        _, scores = self.edges.classify(ends, heads=head, tails=tail, states=states)
        pair, label = (scores > 0).nonzero(as_tuple=True)
        head, tail = head[pair], tail[pair]
        columns = (
            *(places.row[head], places.start[head], places.end[head], places.start[tail], places.end[tail]),
            *(label, scores[pair, label].sigmoid(), is_argument[tail]),
        )
        for row, a, b, c, d, name, score, argues in zip(*(column.tolist() for column in columns), strict=True):
            found[row].append(Edge((a, b), (c, d), self.labels.relations[name], score, argues))
        return found


def _logit(chance: float) -> float:
    """The score of a probability."""
    return log(chance / (1 - chance))


def _teach_spans(beam: Beam, ranks: Tensor, gold: Gold) -> Tensor:
    """All candidates learn whether they are a span; survivors learn their labels too."""
    row, start, end = gold.first
    is_span = torch.zeros_like(ranks, dtype=torch.bool)
    is_span[row, start, end - start - 1] = True
    anything = F.softplus(ranks).sum() - ranks[is_span].sum()  # cross-entropy, and nothing where there is no candidate
    wanted = torch.zeros_like(beam.scores)
    wanted[beam.places.find(gold.first), gold.label] = 1
    return anything + _sum_losses(beam.scores[beam.fits], wanted[beam.fits])


def _sum_losses(scores: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")


def _place_given(given: Sequence[Document], keep: Tensor) -> Found:
    """The given spans of all documents; not those beyond words that were cut off."""
    lengths = keep.sum(1).tolist()
    spans = [(row, span) for row, document in enumerate(given) for span in document.spans]
    bounds = [(row, *span.bounds) for row, span in spans if span.end <= lengths[row]]
    row, start, end = torch.tensor(bounds, dtype=torch.int64, device=keep.device).reshape(-1, 3).T
    return row, start, end
