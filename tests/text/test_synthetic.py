"""The built-in corpus: reproducible, well formed, and as hard to the left as it says."""

from collections import Counter, defaultdict
from math import log

import pytest

from tagwright.errors import RecipeError
from tagwright.text.document import Document
from tagwright.text.labels import collect_labels, collect_relation_labels
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span
from tagwright.text.synthetic import GRAMMARS, RIGHT_CONTEXT, make_corpus

TASKS = sorted(GRAMMARS)
NER = make_corpus("ner", documents=600, seed=0)


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_same_documents_and_larger_begins_with_smaller(task: str) -> None:
    corpus = make_corpus(task, documents=30, seed=4)
    assert corpus == make_corpus(task, documents=30, seed=4)
    assert make_corpus(task, documents=50, seed=4)[:30] == corpus
    assert len({document.id for document in corpus + make_corpus(task, documents=30, seed=5)}) == 60


@pytest.mark.parametrize("task", TASKS)
def test_documents_are_raw_text_with_exact_flat_spans(task: str) -> None:
    corpus = make_corpus(task, documents=300, seed=1)
    for document in corpus:
        assert document.text_is_original
        assert not any(span.fragments for span in document.spans), document
        assert SCHEMES["BIO"].find_unheld(document.spans) == []
        assert "{" not in document.text
    lengths = [len(document) for document in corpus]
    assert 4 <= min(lengths) < 12 < 30 < max(lengths) < 60
    assert len({document.text for document in corpus}) > 290
    assert min(collect_labels(corpus).values()) >= 10


@pytest.mark.parametrize("task", ["relations", "roles", "events"])
def test_relations_join_what_their_task_says(task: str) -> None:
    corpus = make_corpus(task, documents=300, seed=1)
    assert min(collect_relation_labels(corpus).values()) >= 10
    for document in corpus:
        for edge in document.relations:
            head, tail = document.spans[edge.head], document.spans[edge.tail]
            assert head.label
            assert bool(tail.label) == (task == "relations")


def test_train_and_test_share_few_names() -> None:
    def names(documents: list[Document]) -> set[str]:
        return {d.cut(span) for d in documents for span in d.spans if span.label != "DATE"}

    train, test = names(NER), names(make_corpus("ner", documents=200, seed=1))
    assert len(test & train) < 0.25 * len(test)


@pytest.mark.parametrize("task", TASKS)
def test_right_context_labels_can_be_told_only_from_the_right(task: str) -> None:
    """A naive Bayes reader of everything up to the span's end guesses; one of the next words doesn't."""
    assert not [s for s in GRAMMARS[task].patterns for label in RIGHT_CONTEXT[task] if f":{label}" in s]
    train, test = (make_corpus(task, documents=500, seed=seed) for seed in (1, 2))
    chance = 1 / len(RIGHT_CONTEXT[task])
    assert _read(train, test, RIGHT_CONTEXT[task], right=False) < chance + 0.1
    assert _read(train, test, RIGHT_CONTEXT[task], right=True) > chance + 0.45


def test_other_labels_can_be_told_from_the_left() -> None:
    train, test = NER, make_corpus("ner", documents=300, seed=2)
    assert _read(train, test, frozenset({"PERSON", "WORK", "RIVER"}), right=False) > 0.95


def _read(train: list[Document], test: list[Document], labels: frozenset[str], *, right: bool) -> float:
    """Share of the spans whose label naive Bayes finds from the words on one side."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for document, span in _collect(train, labels):
        counts[span.label].update(_look(document, span, right=right))
    hits = [
        max(labels, key=lambda label: _score(counts[label], _look(document, span, right=right))) == span.label
        for document, span in _collect(test, labels)
    ]
    return sum(hits) / len(hits)


def _collect(documents: list[Document], labels: frozenset[str]) -> list[tuple[Document, Span]]:
    return [(document, span) for document in documents for span in document.spans if span.label in labels]


def _look(document: Document, span: Span, *, right: bool) -> list[str]:
    if right:
        return list(document.words[span.end : span.end + 4])
    own, left = document.words[span.start : span.end], document.words[max(0, span.start - 12) : span.start]
    return [f"own {word}" for word in own] + [f"left {word}" for word in left] + [f"{left[-2:]}", f"{len(left)}"]


def _score(counts: Counter[str], words: list[str]) -> float:
    return sum(log((counts[word] + 0.5) / (counts.total() + 500)) for word in words)


def test_an_unknown_task_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'events'"):
        make_corpus("event", documents=1, seed=0)
