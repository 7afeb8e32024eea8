"""How many words have the right label. Knows spans as (start, end, label) and the number of words.

A word has one label here: spans are projected flat first, the leftmost and of those the longest wins, and whatever
overlaps it is left out (as `text.span.find_flat` does). A word in no span has the label "", and counts too.
"""

from collections.abc import Sequence

from tagwright.evaluation.counts import Counts
from tagwright.evaluation.spans import Key


def count_words(gold: Sequence[Key], predicted: Sequence[Key], *, words: int) -> Counts:
    """Right words of all words; precision, recall and F1 are then the same: the accuracy."""
    if gold == predicted:
        return Counts(words, 0, words, words)
    pairs = zip(label_words(gold, words), label_words(predicted, words), strict=True)
    return Counts(sum(a == b for a, b in pairs), 0, words, words)


def label_words(spans: Sequence[Key], words: int) -> list[str]:
    """The label of each word under the flat projection."""
    labels, free = [""] * words, 0
    for start, end, label in sorted(spans, key=lambda key: (key[0], -key[1], key[2])):
        if start >= free:
            labels[start:end] = [label] * (end - start)
            free = end
    return labels
