"""Documents whose spans have scores of a known meaning: right as often as a curve says."""

from collections.abc import Callable
from random import Random

from tagwright.evaluation.calibration.coverage import Proposal
from tagwright.text.document import Document
from tagwright.text.span import Span

WORDS = 12


def draw_documents(
    count: int, *, chance: Callable[[float], float] = lambda score: score, seed: int = 0, most: int = 4
) -> tuple[list[Document], list[Document]]:
    """Gold and predicted: every predicted span has a score drawn evenly, and is right with `chance(score)`."""
    drawn, gold, predicted = Random(seed), [], []
    for number in range(count):
        words, right, said = ["w"] * WORDS, [], []
        for at in range(drawn.randint(1, most)):
            score = drawn.random()
            said.append(Span(2 * at, 2 * at + 1, "PER", score))
            if drawn.random() < chance(score):
                right.append(Span(2 * at, 2 * at + 1, "PER"))
        gold.append(Document.from_words(words, spans=tuple(right), id=f"d{number}"))
        predicted.append(Document.from_words(words, spans=tuple(said), id=f"d{number}"))
    return gold, predicted


def draw_candidates(count: int, *, seed: int = 0) -> tuple[list[Document], list[Proposal]]:
    """Gold and what is proposed: each gold span is predicted, a candidate, or (1 in 50) neither."""
    drawn = Random(seed)
    gold, proposals = [], []
    for number in range(count):
        right, said, listed = [], [], []
        for at in range(drawn.randint(0, 5)):
            span, score = Span(2 * at, 2 * at + 1, "PER"), drawn.random()
            is_gold = drawn.random() < score
            if is_gold:
                right.append(span)
            if score > 0.5:
                said.append(Span(*span.bounds, "PER", score))
            if drawn.random() > 0.02:
                listed.append(Span(*span.bounds, "PER", score))
        words, name = ["w"] * WORDS, f"d{number}"
        gold.append(Document.from_words(words, spans=tuple(right), id=name))
        proposals.append(Proposal(Document.from_words(words, spans=tuple(said), id=name), listed))
    return gold, proposals


def draw_doubts(count: int, *, seed: int = 0) -> tuple[list[Document], list[Proposal]]:
    """Gold and what a writer found: it lists no candidates, and the more it doubts, the more it misses."""
    drawn = Random(seed)
    gold, proposals = [], []
    for number in range(count):
        doubt, name = drawn.random(), f"d{number}"
        right = [Span(at, at + 1, "PER") for at in range(drawn.randint(0, 4))]
        said = [span for span in right if drawn.random() > doubt]
        gold.append(Document.from_words(["w"] * WORDS, spans=tuple(right), id=name))
        proposals.append(Proposal(Document.from_words(["w"] * WORDS, spans=tuple(said), id=name), (), doubt))
    return gold, proposals
