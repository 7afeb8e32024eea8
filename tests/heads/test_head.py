"""What tag heads teach, what they can't hold, and that the one is the rest of the other."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import RecipeError
from tagwright.heads import HEADS
from tagwright.heads.config import HeadConfig
from tagwright.heads.head import IGNORED, TagHead
from tagwright.heads.softmax import SoftmaxHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span

TRICKY = ("B-PER", "O", "I-", "B", "creative-work", "S-E", "-", "I-O")
LABELS = ("PER", "LOC", *TRICKY)
WORDS = 8


def make_head(scheme: str, labels: tuple[str, ...] = LABELS) -> TagHead:
    return SoftmaxHead(2, Labels(labels), config=HeadConfig(scheme=scheme))  # type: ignore[arg-type]


def make_document(*spans: Span) -> Document:
    return Document.from_words([f"w{at}" for at in range(WORDS)], id="d", spans=spans)


def note(head: TagHead, document: Document) -> Ledger:
    ledger = Ledger()
    head.note_unheld([document], ledger)
    return ledger


Spans = st.lists(
    st.builds(
        lambda start, length, label: Span(start, min(start + length, WORDS), label),
        st.integers(0, WORDS - 1),
        st.integers(1, 3),
        st.sampled_from((*LABELS, "unknown", "")),
    ),
    max_size=7,
)


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=100, deadline=None)
@given(spans=Spans)
def test_what_is_taught_and_what_is_noted_make_up_the_gold(scheme: str, spans: list[Span]) -> None:
    head, document = make_head(scheme), make_document(*spans)
    target = head.find_target(document)
    assert target.shape == (WORDS,) and target.dtype == np.int64
    taught = Counter(head.read_spans(target.tolist()))
    unheld = note(head, document).total
    if scheme != "IO":  # which runs neighbours together: its spans come back longer, not fewer
        assert not taught - Counter(spans)
        assert taught.total() + unheld == len(spans)
    elif not unheld:
        assert taught == Counter(spans)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("label", ["PER", *TRICKY])
def test_a_label_that_looks_like_a_tag_is_a_label(scheme: str, label: str) -> None:
    head, document = make_head(scheme), make_document(Span(0, 1, label), Span(3, 4, label))
    spans = head.read_spans(head.find_target(document).tolist())
    if scheme == "WORD" and label == "O":
        assert spans == [] and note(head, document).total == 2
    else:
        assert tuple(spans) == document.spans and not note(head, document)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_word_without_a_span_is_the_first_tag(scheme: str) -> None:
    assert make_head(scheme).find_target(make_document()).tolist() == [0] * WORDS


def test_faults_are_noted_with_their_places() -> None:
    document = make_document(Span(0, 3, "PER"), Span(1, 2, "LOC"), Span(4, 5, "new"), Span(5, 6, ""))
    assert list(note(make_head("BIO"), document).lines()) == [
        "1 x span with the label 'new', which training never saw: d 'w4' new",
        "1 x span without a label, a tag needs one: d 'w5'",
        "1 x overlapping span, one tag for each word can't hold it: d 'w1' LOC",
    ]
    touching = make_document(Span(0, 1, "PER"), Span(1, 2, "PER"))
    assert list(note(make_head("IO"), touching).lines()) == ["1 x span that the scheme IO can't give back: d 'w1' PER"]
    assert list(note(make_head("WORD"), make_document(Span(0, 2, "PER"))).lines()) == [
        "1 x span that the scheme WORD can't give back: d 'w0 w1' PER"
    ]


def test_a_span_within_words_is_noted_and_taught_by_its_words() -> None:
    document = make_document(Span(1, 2, "PER", fragments=((4, 5),)))
    head = make_head("BIO")
    assert list(note(head, document).lines()) == [
        "1 x span with gaps or an edge within a word: taught as whole words: d '1' PER"
    ]
    assert [span.bounds for span in head.read_spans(head.find_target(document).tolist())] == [(1, 2)]


def test_targets_are_padded_with_what_no_loss_reads() -> None:
    stacked = make_head("BIO").stack([np.array([1, 2, 3]), np.array([4])])
    assert stacked.tolist() == [[1, 2, 3], [4, IGNORED, IGNORED]] and stacked.dtype == torch.int64


@pytest.mark.parametrize("name", [name for name in HEADS if HEADS[name].tags_words])
def test_an_open_scheme_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="No scheme is called 'auto'"):
        HEADS[name](4, Labels(("X",)), config=HeadConfig(name=name))


def test_relations_and_fields_are_noted_by_a_head_of_tags() -> None:
    spans = (Span(0, 1, "PER"), Span(2, 3, "LOC"))
    document = replace(
        make_document(*spans), relations=(Relation(0, 1, "in"), Relation(1, 0, "of")), fields=(Field("f", ("v",), 0),)
    )
    assert dict(note(make_head("BIO"), document).counts) == {
        "relation: tags can't hold one, head 'pairs' can": 2,
        "field of a dialogue: no tagger holds one, a writer does": 1,
    }
