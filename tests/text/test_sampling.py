"""Draws: sizes, balance, nesting, groups; the same for any file order."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.text import sampling
from tagwright.text.document import Document
from tagwright.text.labels import collect_labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span


def make_documents(count: int, *, groups: int = 0) -> list[Document]:
    """Every document has an A, every 3rd a B, every 20th a C."""
    documents = []
    for at in range(count):
        labels = ["A"] + ["B"] * (at % 3 == 0) + ["C"] * (at % 20 == 0)
        spans = tuple(Span(word, word + 1, label) for word, label in enumerate(labels))
        group = f"g{at % groups}" if groups else None
        documents.append(Document.from_words(["x", "y", "z", str(at)], id=f"d{at}", group=group, spans=spans))
    return documents


DOCUMENTS = make_documents(100)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), k=st.integers(1, 40))
def test_draws_are_nested_and_independent_of_file_order(seed: int, k: int) -> None:
    mixed = random.Random(seed).sample(DOCUMENTS, len(DOCUMENTS))
    for draw in (sampling.draw_shots, sampling.draw_per_label):
        drawn = draw(DOCUMENTS, k, seed=seed)
        assert draw(mixed, k, seed=seed) == drawn
        assert draw(DOCUMENTS, k + 1, seed=seed)[: len(drawn)] == drawn
        assert len({document.id for document in drawn}) == len(drawn)


def test_shots_are_uniform_over_seeds() -> None:
    drawn = Counter(d.id for seed in range(400) for d in sampling.draw_shots(DOCUMENTS, 10, seed=seed))
    assert len(drawn) == 100
    assert all(15 <= count <= 75 for count in drawn.values())  # expected 40, standard deviation 6


def test_documents_without_id_are_ranked_by_text() -> None:
    documents = [Document.from_words([word]) for word in ["a", "b", "c", "d", "e"]]
    assert sampling.draw_shots(documents, 2, seed=1) == sampling.draw_shots(documents[::-1], 2, seed=1)
    twins = [Document.from_words(["same"]) for _ in range(3)]
    assert sampling.draw_shots(twins, 3, seed=1) == twins


@pytest.mark.parametrize("k", [1, 2, 5])
def test_every_label_gets_its_spans_and_no_document_is_idle(k: int) -> None:
    drawn = sampling.draw_per_label(DOCUMENTS, k, seed=3)
    have = collect_labels(drawn)
    assert all(have[label] >= k for label in "ABC")
    assert len(drawn) <= 3 * k


def test_a_shortfall_is_said() -> None:
    ledger = Ledger()
    drawn = sampling.draw_per_label(DOCUMENTS, 7, seed=3, ledger=ledger)
    assert collect_labels(drawn)["C"] == 5
    assert list(ledger.lines()) == ["1 x label with fewer than 7 spans: 'C' has 5"]


@pytest.mark.parametrize(("percent", "count"), [(1, 1), (0.1, 1), (12.4, 12), (100, 100)])
def test_percent(percent: float, count: int) -> None:
    drawn = sampling.draw_percent(DOCUMENTS, percent, seed=3)
    assert drawn == sampling.draw_shots(DOCUMENTS, count, seed=3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), share=st.floats(0.01, 0.99), groups=st.sampled_from([0, 2, 7]))
def test_split_parts_documents_and_keeps_groups_whole(seed: int, share: float, groups: int) -> None:
    documents = make_documents(40, groups=groups)
    train, dev = sampling.split(documents, share, seed=seed)
    assert train
    assert dev
    assert sorted(d.id for d in train + dev) == sorted(d.id for d in documents)
    if groups:
        assert not {d.group for d in train} & {d.group for d in dev}
    else:
        assert abs(len(dev) - 40 * share) <= 1
    assert sampling.split(documents[::-1], share, seed=seed) == (train[::-1], dev[::-1])


def test_split_can_ignore_groups() -> None:
    documents = make_documents(40, groups=2)
    assert len(sampling.split(documents, 0.1, seed=0, by_group=False)[1]) == 4


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), texts=st.integers(2, 15))
def test_documents_of_the_same_words_stay_together(seed: int, texts: int) -> None:
    documents = [Document.from_words([str(at % texts)], id=f"d{at}") for at in range(30)]
    parts = [sampling.split(documents, 0.3, seed=seed), *sampling.fold(documents, 2, seed=seed)]
    assert not any({d.words for d in train} & {d.words for d in dev} for train, dev in parts)
    assert all(train and dev for train, dev in parts)
    train, dev = parts[0]
    assert sampling.split(documents[::-1], 0.3, seed=seed) == (train[::-1], dev[::-1])
    assert sampling.count_blocks(documents) == texts


@pytest.mark.parametrize("groups", [0, 5])
def test_folds_hold_every_document_out_once(groups: int) -> None:
    documents = make_documents(40, groups=groups)
    pairs = sampling.fold(documents, 5, seed=2)
    assert sorted(d.id for _, dev in pairs for d in dev) == sorted(d.id for d in documents)
    for train, dev in pairs:
        assert (len(train), len(dev)) == (32, 8)
        assert not {d.id for d in train} & {d.id for d in dev}
        assert not groups or not {d.group for d in train} & {d.group for d in dev}


def test_what_cannot_be_drawn_is_refused() -> None:
    one_group = make_documents(9, groups=1)
    for draw, message in [
        (lambda: sampling.draw_shots(DOCUMENTS, 101, seed=0), "Can't draw 101 of 100"),
        (lambda: sampling.draw_shots([], 1, seed=0), "Can't draw 1 of 0"),
        (lambda: sampling.draw_percent(DOCUMENTS, 0, seed=0), "0 percent"),
        (lambda: sampling.draw_per_label(DOCUMENTS, 0, seed=0), "at least 1"),
        (lambda: sampling.draw_per_label([Document.from_words(["x"])], 1, seed=0), "none of the 1 documents"),
        (lambda: sampling.split(DOCUMENTS, 1.0, seed=0), "share of 1.0"),
        (lambda: sampling.split(one_group, 0.5, seed=0), r"1 group\(s\)"),
        (lambda: sampling.fold(DOCUMENTS, 1, seed=0), "1 folds"),
        (lambda: sampling.fold(one_group, 2, seed=0), "2 folds of 1"),
    ]:
        with pytest.raises(DataError, match=message):
            draw()
