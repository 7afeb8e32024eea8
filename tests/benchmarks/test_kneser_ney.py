"""The vectorised Kneser-Ney model against one written word for word from the equations, on toy vocabularies."""

import math
from collections import Counter, defaultdict
from pathlib import Path

import kneser_ney
import numpy as np
import pytest

MARK = -1
Row = tuple[int, ...]


class Slow:
    """Chen and Goodman (1998), with dictionaries: p(w | h) = (c - D(c)) / c(h .) + gamma(h) p(w | h')."""

    def __init__(self, order: int, vocabulary: int, documents: list[list[int]]) -> None:
        self.vocabulary = vocabulary
        occurrences: Counter[Row] = Counter()
        before: dict[Row, set[int]] = defaultdict(set)
        for document in documents:
            row = (MARK, *document)
            for size in range(1, order + 1):
                for start in range(len(row) - size + 1):
                    gram = row[start : start + size]
                    occurrences[gram] += 1
                    if start:
                        before[gram].add(row[start - 1])
        self.counts = {
            gram: count if len(gram) == order or gram[0] == MARK else len(before[gram])
            for gram, count in occurrences.items()
            if gram != (MARK,)
        }
        self.discounts = {size: self.estimate(size) for size in range(1, order + 1)}
        self.order = order

    def estimate(self, size: int) -> list[float]:
        n = Counter(count for gram, count in self.counts.items() if len(gram) == size)
        if not (n[1] and n[2] and n[3]):
            return [0, 0.5, 1, 1.5]
        y = n[1] / (n[1] + 2 * n[2])
        found = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
        usable = all(0 < value <= k for k, value in enumerate(found, start=1))
        return [0, *found] if usable else [0, 0.5, 1, 1.5]

    def chance(self, word: int, history: Row) -> float:
        lower = self.chance(word, history[1:]) if history else 1 / self.vocabulary
        after = [self.counts.get((*history, other), 0) for other in range(self.vocabulary)]
        if not sum(after):
            return lower
        discounts = self.discounts[len(history) + 1]
        gamma = sum(discounts[min(count, 3)] for count in after) / sum(after)
        return (after[word] - discounts[min(after[word], 3)]) / sum(after) + gamma * lower

    def score(self, document: list[int]) -> list[float]:
        row = (MARK, *document)
        return [
            -math.log(self.chance(row[at], row[max(0, at - self.order + 1) : at] if self.order > 1 else ()))
            for at in range(1, len(row))
        ]


def join(documents: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(documents), np.cumsum([0, *map(len, documents[:-1])])


def draw_documents(seed: int, vocabulary: int, number: int) -> list[list[int]]:
    """Skewed draws, where the token before is often followed by its neighbour; some documents have one token."""
    rng = np.random.default_rng(seed)
    documents = []
    for _ in range(number):
        row = [int(rng.integers(vocabulary))]
        for _ in range(int(rng.integers(0, 30))):
            follows = rng.random() < 0.5
            row.append((row[-1] + 1) % vocabulary if follows else int(vocabulary * rng.random() ** 3))
        documents.append(row)
    return documents


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize(("vocabulary", "number"), [(4, 3), (30, 60)])
def test_it_scores_as_the_equations_do(order: int, vocabulary: int, number: int) -> None:
    train, held = draw_documents(1, vocabulary, number), draw_documents(2, vocabulary, 15)
    model = kneser_ney.KneserNey(order, vocabulary=vocabulary + 2).fit(*join(train))  # two tokens are never seen
    slow = Slow(order, vocabulary + 2, train)
    held.append([vocabulary, 0, vocabulary + 1, 1])
    expected = [value for document in held for value in slow.score(document)]
    np.testing.assert_allclose(model.score(*join(held)), expected, rtol=1e-9)


def test_the_discounts_of_the_larger_toy_are_estimated() -> None:
    """So that the comparison above is not one of fixed discounts alone."""
    model = kneser_ney.KneserNey(3, vocabulary=32).fit(*join(draw_documents(1, 30, 60)))
    assert [level.estimated for level in model.levels][1:] == [True, True]


@pytest.mark.parametrize("history", [[], [0], [7], [0, 1], [1, 2, 3, 4], [7, 7, 7, 7, 7], [2, 3, 0, 1, 0]])
def test_chances_sum_to_one(history: list[int]) -> None:
    model = kneser_ney.KneserNey(5, vocabulary=8).fit(*join(draw_documents(3, 7, 40)))
    nats = model.score(*join([[*history, word] for word in range(8)]))
    assert np.exp(-nats[len(history) :: len(history) + 1]).sum() == pytest.approx(1, abs=1e-12)


def test_no_ngram_crosses_documents() -> None:
    train, held = draw_documents(4, 6, 30), draw_documents(5, 6, 10)
    model = kneser_ney.KneserNey(5, vocabulary=6).fit(*join(train))
    alone = np.concatenate([model.score(*join([document])) for document in held])
    np.testing.assert_array_equal(model.score(*join(held)), alone)
    turned = kneser_ney.KneserNey(5, vocabulary=6).fit(*join(train[::-1]))
    np.testing.assert_allclose(turned.score(*join(held)), alone)


def test_documents_shorter_than_the_order_are_enough() -> None:
    documents = [[0], [1, 0], [0]]
    nats = kneser_ney.KneserNey(5, vocabulary=2).fit(*join(documents)).score(*join(documents))
    expected = [value for document in documents for value in Slow(5, 2, documents).score(document)]
    np.testing.assert_allclose(nats, expected)


@pytest.mark.parametrize("starts", [[], [1], [0, 0], [0, 3]])
def test_starts_that_cannot_be_are_refused(starts: list[int]) -> None:
    with pytest.raises(ValueError, match="starts of documents"):
        kneser_ney.KneserNey(2, vocabulary=4).fit(np.array([0, 1, 2]), np.array(starts, dtype=int))


def test_tokens_outside_the_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 4: expected 0 to 3"):
        kneser_ney.KneserNey(2, vocabulary=4).fit(np.array([0, 4]), np.array([0]))


def test_text_is_read_and_ends_are_tokens(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("one two\nthree\n\n \n\nfour\n", encoding="utf-8")
    documents = kneser_ney.read_documents(path)
    assert documents == ["one two\nthree", "four"]
    tokenizer = kneser_ney.learn_tokenizer(documents, 300)
    tokens, starts = kneser_ney.tokenize(documents, tokenizer)
    end = tokenizer.token_to_id("</s>")
    assert np.flatnonzero(tokens == end).tolist() == [starts[1] - 1, len(tokens) - 1]
    assert tokenizer.decode(tokens[: starts[1] - 1].tolist()) == " one two\nthree"
