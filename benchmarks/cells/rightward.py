"""How much of what decides a word's tag stands to its right: measured on the data, with no language model.

Two multinomial logistic regressions predict a word's tag, one from the word and what stands before it, the other from
what stands behind it too. The need is the share of the first one's bits on dev that the second one saves.
"""

from collections.abc import Iterator, Sequence
from math import log2
from typing import Any

from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from tagwright.text.document import Document
from tagwright.text.schemes import find_scheme

REACH = 2  # words on a side
STRENGTHS = (0.1, 0.3, 1.0)  # scikit-learn's C; each side has the best of them on dev, or the larger one would overfit
DOCUMENTS = {"train": 1500, "dev": 500}
LEAST = 2.0**-20  # of a probability: a tag that train doesn't have would cost infinitely many bits


def measure_need(train: Sequence[Document], dev: Sequence[Document]) -> dict[str, float]:
    """`left` and `both`: bits per word on dev. `need`: the percentage of `left` that `both` saves; below 0 if none."""
    left = measure_bits(train, dev, right=0)
    both = measure_bits(train, dev, right=REACH)
    return {"left": left, "both": both, "need": 100 * (1 - both / left) if left else 0.0}


def measure_bits(train: Sequence[Document], dev: Sequence[Document], *, right: int) -> float:
    """Bits per word of dev that a model of train needs, seeing so many words on the right and REACH on the left."""
    features, tags = list_words(train, right=right), [tag for document in train for tag in list_tags(document)]
    if len(set(tags)) < 2:
        return 0.0
    vectors = DictVectorizer()
    seen, asked = vectors.fit_transform(features), vectors.transform(list_words(dev, right=right))
    wanted = [tag for document in dev for tag in list_tags(document)]
    models = (LogisticRegression(C=strength, max_iter=300).fit(seen, tags) for strength in STRENGTHS)
    return min(count_bits(model.predict_proba(asked), list(model.classes_), wanted) for model in models)


def count_bits(chances: Any, tags: Sequence[str], wanted: Sequence[str]) -> float:
    """Bits per word, from the chance of each tag at each word."""
    known = {tag: place for place, tag in enumerate(tags)}
    found = (row[known[tag]] if tag in known else 0.0 for row, tag in zip(chances, wanted, strict=True))
    return sum(-log2(max(chance, LEAST)) for chance in found) / len(wanted)


def list_tags(document: Document) -> list[str]:
    return find_scheme("BIO").encode(document.spans, len(document))


def list_words(documents: Sequence[Document], *, right: int) -> list[dict[str, float]]:
    """The features of every word."""
    return [
        dict.fromkeys(list_features(document.words, place, right=right), 1.0)
        for document in documents
        for place in range(len(document))
    ]


def list_features(words: Sequence[str], place: int, *, right: int) -> Iterator[str]:
    """Of the word and its neighbours: the form, its last three letters, and how it is written."""
    for step in range(-REACH, right + 1):
        at = place + step
        if not 0 <= at < len(words):
            yield f"{step} edge"
            continue
        word = words[at]
        yield f"{step} word {word.lower()}"
        yield f"{step} end {word[-3:].lower()}"
        yield f"{step} look {word[:1].isupper():d}{word.isupper():d}{any(map(str.isdigit, word)):d}{word.isalpha():d}"
