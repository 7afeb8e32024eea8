"""Span scores in four modes. Knows spans as (start, end, label) alone: no text, no document, no model.

`exact`: bounds and label agree (seqeval's and conlleval's way; nervaluate calls it `strict`).
`boundary`: bounds agree (nervaluate: `exact`). `type`: the two overlap and labels agree (`ent_type`).
`partial`: bounds agree, and a mere overlap is half right (`partial`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from tagwright.evaluation.counts import Counts
from tagwright.text.document import Document
from tagwright.text.span import Span

Key = tuple[int, int, str]
MODES = ("exact", "boundary", "type", "partial")
INSIDE = "span with a border inside a word, scored by the words it touches"
GAPS = "span with gaps, scored as one piece by the words from its first to its last"


def find_keys(document: Document) -> tuple[list[Key], int]:
    """The labelled spans of a document in order, each once, and how many repeated ones that leaves out.

    Spans labelled "" take no part, and neither do fragments: two spans over the same words are the same span.
    """
    found = [(span.start, span.end, span.label) for span in document.spans if span.label]
    unique = sorted(set(found)) if len(found) > 1 else found
    return unique, len(found) - len(unique)


def find_inexact(document: Document) -> Iterator[tuple[str, Span]]:
    """The labelled spans whose characters words can't say, with the reason; blanks at their ends don't matter."""
    for span in document.spans:
        if not (span.fragments and span.label):
            continue
        if len(span.fragments) > 1:
            yield GAPS, span
            continue
        start, end = document.find_chars(span)
        if start > document.offsets[span.start][0] or end < document.offsets[span.end - 1][1]:
            yield INSIDE, span


def count_spans(gold: Sequence[Key], predicted: Sequence[Key]) -> dict[str, Counts]:
    """Counts in each mode, for spans sorted and without repeats; nested and overlapping ones may be among them.

    A span is matched once at most. First those that agree fully (in `type`: bounds and label; in `partial`:
    bounds) are matched and set aside. The predicted rest then takes, in order of (start, end, label), an overlapping
    span from the gold rest: in `partial` the first; in `type` the one of the same label with the nearest bounds or
    else the first, which is then used up. Without overlaps on either side this is what nervaluate does.
    """
    sizes = len(predicted), len(gold)
    same = set(gold) & set(predicted)
    gold_rest = [key for key in gold if key not in same]
    rest = [key for key in predicted if key not in same]
    if not (gold_rest and rest):
        return dict.fromkeys(MODES, Counts(len(same), 0, *sizes))
    gold_loose, loose = _set_aside(gold_rest, rest)
    bounded = len(same) + len(rest) - len(loose)
    return {
        "exact": Counts(len(same), 0, *sizes),
        "boundary": Counts(bounded, 0, *sizes),
        "type": Counts(len(same) + _count_typed(gold_rest, rest), 0, *sizes),
        "partial": Counts(bounded, _count_touching(gold_loose, loose), *sizes),
    }


def count_labels(gold: Sequence[Key], predicted: Sequence[Key]) -> dict[str, dict[str, Counts]]:
    """For each label, the counts in each mode of the spans of that label alone."""
    labels = {key[2] for key in gold} | {key[2] for key in predicted}
    if len(labels) == 1:
        return {labels.pop(): count_spans(gold, predicted)}
    return {label: count_spans(_only(gold, label), _only(predicted, label)) for label in labels}


def _only(keys: Sequence[Key], label: str) -> list[Key]:
    return [key for key in keys if key[2] == label]


class Pool:
    """Gold spans not yet matched; finds those that overlap a span without looking at all of them."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys, self.free = keys, [True] * len(keys)
        self._starts = [key[0] for key in keys]
        self._reach: list[int] = []  # the furthest end so far, so that it rises and can be searched
        for _, end, _ in keys:
            self._reach.append(max(end, self._reach[-1]) if self._reach else end)

    def find(self, span: Key) -> list[int]:
        """Places of the free spans that share a word with this one, in order."""
        first, last = bisect_right(self._reach, span[0]), bisect_left(self._starts, span[1])
        return [place for place in range(first, last) if self.free[place] and self.keys[place][1] > span[0]]

    def find_nearest(self, span: Key, places: Sequence[int]) -> int:
        """Of these places the first whose span has the nearest bounds, both ends together."""
        keys = self.keys
        return min(places, key=lambda at: abs(keys[at][0] - span[0]) + abs(keys[at][1] - span[1]))


def _count_typed(gold: Sequence[Key], predicted: Sequence[Key]) -> int:
    pool, typed = Pool(gold), 0
    for span in predicted:
        near = pool.find(span)
        alike = [place for place in near if gold[place][2] == span[2]]
        if alike:
            near = [pool.find_nearest(span, alike)]
            typed += 1
        if near:
            pool.free[near[0]] = False
    return typed


def _count_touching(gold: Sequence[Key], predicted: Sequence[Key]) -> int:
    pool, touching = Pool(gold), 0
    for span in predicted:
        near = pool.find(span)
        if near:
            pool.free[near[0]] = False
            touching += 1
    return touching


def _set_aside(gold: Sequence[Key], predicted: Sequence[Key]) -> tuple[list[Key], list[Key]]:
    """What is left of both when spans with the same bounds have been paired off, one by one."""
    loose, left = [], list(gold)
    for span in predicted:
        place = bisect_left(left, span[:2])  # two bounds sort right before the same two with a label
        if place < len(left) and left[place][:2] == span[:2]:
            del left[place]
        else:
            loose.append(span)
    return left, loose
