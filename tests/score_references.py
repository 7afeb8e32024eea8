"""The outsiders that scores are held to: seqeval, nervaluate, and conlleval's counting written anew from its rules."""

import random
import warnings
from typing import Any

from nervaluate import Evaluator
from seqeval import scheme as seqeval_schemes
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as score_default
from seqeval.metrics.v1 import precision_recall_fscore_support as score_strict

from tagwright.evaluation.counts import Counts
from tagwright.text.document import Document
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span

LABELS = ("PER", "LOC", "ORG")
STRICT = {"IOB1": seqeval_schemes.IOB1, "BIO": seqeval_schemes.IOB2, "BIOES": seqeval_schemes.IOBES}
NERVALUATE = {"exact": "strict", "boundary": "exact", "type": "ent_type", "partial": "partial"}
Triple = tuple[float, float, float]


def draw_tags(name: str, drawn: random.Random, *, length: int) -> list[str]:
    """Tags of a scheme: legal ones half of the time, else any tag after any other."""
    if drawn.random() < 0.5:
        return SCHEMES[name].encode(draw_spans(drawn, length=length), length)
    return drawn.choices(SCHEMES[name].make_tags(LABELS), k=length)


def draw_pair(name: str, drawn: random.Random) -> tuple[list[str], list[str]]:
    """Two sequences of one length that agree in part."""
    length = drawn.randint(1, 14)
    gold, other = draw_tags(name, drawn, length=length), draw_tags(name, drawn, length=length)
    share = drawn.random()
    return gold, [a if drawn.random() < share else b for a, b in zip(gold, other, strict=True)]


def draw_spans(drawn: random.Random, *, length: int) -> list[Span]:
    """Spans without overlaps; neighbours may touch."""
    spans, at = [], drawn.randint(0, 2)
    while at < length:
        end = min(length, at + drawn.randint(1, 4))
        spans.append(Span(at, end, drawn.choice(LABELS)))
        at = end + drawn.choice((0, 0, 1, 3))
    return spans


def make_document(spans: list[Span], *, length: int, **rest: Any) -> Document:
    return Document.from_words([f"w{at}" for at in range(length)], spans=tuple(spans), **rest)


def count_conlleval(gold: list[str], predicted: list[str]) -> Counts:
    """One pass over both sequences: a chunk is right if both open it and close it together with one label.

    conlleval has no S; here S opens and closes, and E closes, as is usual where its rules are carried over to BIOES.
    """
    right = found = said = 0
    together = False
    before, guess_before = ("O", ""), ("O", "")
    for gold_tag, guess_tag in zip([*gold, "O"], [*predicted, "O"], strict=True):
        tag, guess = _split(gold_tag), _split(guess_tag)
        closes, guess_closes = _closes(before, tag), _closes(guess_before, guess)
        if together and closes and guess_closes and before[1] == guess_before[1]:
            right, together = right + 1, False
        elif closes != guess_closes or tag[1] != guess[1]:
            together = False
        opens, guess_opens = _opens(before, tag), _opens(guess_before, guess)
        if opens and guess_opens and tag[1] == guess[1]:
            together = True
        found, said = found + opens, said + guess_opens
        before, guess_before = tag, guess
    return Counts(right, 0, said, found)


def _split(tag: str) -> tuple[str, str]:
    prefix, _, label = tag.partition("-")
    return prefix, label


def _closes(before: tuple[str, str], tag: tuple[str, str]) -> bool:
    return before[0] != "O" and (before[0] in "ES" or tag[0] in "OBS" or before[1] != tag[1])


def _opens(before: tuple[str, str], tag: tuple[str, str]) -> bool:
    return tag[0] != "O" and (tag[0] in "BS" or before[0] in "OES" or before[1] != tag[1])


def score_seqeval(gold: list[str], predicted: list[str], *, strict: str | None = None) -> Triple:
    """seqeval's micro precision, recall and F1: its default mode, or mode="strict" under the named scheme."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every zero, which is what random tags give
        if strict:
            found = score_strict([gold], [predicted], average="micro", scheme=STRICT[strict], zero_division=0)
        else:
            found = score_default([gold], [predicted], average="micro", zero_division=0)
    return float(found[0]), float(found[1]), float(found[2])


def score_nervaluate(gold: list[Document], predicted: list[Document]) -> dict[str, dict[str | None, Triple]]:
    """nervaluate's precision, recall and F1 by our names of its modes, over all (None) and by label."""
    found = Evaluator(_to_dicts(gold), _to_dicts(predicted), tags=list(LABELS), loader="dict").evaluate()
    scores: dict[str, dict[str | None, Triple]] = {}
    for mode, theirs in NERVALUATE.items():
        scores[mode] = {None: _to_triple(found["overall"][theirs])}
        scores[mode] |= {label: _to_triple(result[theirs]) for label, result in found["entities"].items()}
    return scores


def _to_dicts(documents: list[Document]) -> list[list[dict[str, Any]]]:
    return [
        [{"label": span.label, "start": span.start, "end": span.end - 1} for span in document.spans]
        for document in documents
    ]


def _to_triple(result: Any) -> Triple:
    return float(result.precision), float(result.recall), float(result.f1)
