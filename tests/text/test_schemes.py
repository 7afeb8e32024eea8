"""Every scheme, legal and illegal, against conlleval's rules and seqeval (mode stated), and detection by inspection."""

import random
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import scheme as seqeval_scheme
from seqeval.metrics.sequence_labeling import get_entities

from tagwright.errors import RecipeError, SchemeError
from tagwright.text.schemes import SCHEMES, detect_scheme, find_scheme, split_tag
from tagwright.text.span import Span

LABELS = ("PER", "LOC", "creative-work")
PREFIXED = ("IO", "IOB1", "BIO", "BIOES")
STRICT = {"IOB1": seqeval_scheme.IOB1, "BIO": seqeval_scheme.IOB2, "BIOES": seqeval_scheme.IOBES}
Triples = set[tuple[str, int, int]]


def make_sequences(name: str, count: int) -> Iterator[list[str]]:
    """Random tags of one scheme: most transitions are illegal."""
    drawn = random.Random(f"tags of {name}")
    tags = SCHEMES[name].make_tags(LABELS)
    for _ in range(count):
        yield drawn.choices(tags, k=drawn.randint(1, 12))


def to_triples(spans: list[Span]) -> Triples:
    return {(span.label, span.start, span.end) for span in spans}


def run_conlleval(tags: list[str]) -> Triples:
    """conlleval's endOfChunk and startOfChunk, rule by rule, for the letters B I E S O."""
    chunks, begin = set(), 0
    before, before_label = "O", ""
    for at, tag in enumerate([*tags, "O"]):
        prefix, _, label = tag.partition("-")
        pair = before + prefix
        ends = before in ("E", "S") or pair in ("BB", "BS", "BO", "IB", "IS", "IO")
        ends = ends or (before != "O" and before_label != label)
        if ends:
            chunks.add((before_label, begin, at))
        starts = prefix in ("B", "S") or pair in ("EE", "EI", "SE", "SI", "OE", "OI")
        starts = starts or (prefix != "O" and before_label != label)
        if starts:
            begin = at
        before, before_label = prefix, label
    return chunks


@pytest.mark.parametrize("name", PREFIXED)
def test_lenient_reading_equals_conlleval_and_seqeval_default_mode(name: str) -> None:
    for tags in make_sequences(name, 3000):
        ours = SCHEMES[name].decode(tags)
        assert to_triples(ours) == run_conlleval(tags), tags
        assert to_triples(ours) == {(label, start, end + 1) for label, start, end in get_entities(tags)}, tags


@pytest.mark.parametrize("name", sorted(STRICT))
def test_strict_reading_equals_seqeval_strict_mode(name: str) -> None:
    sequences = list(make_sequences(name, 3000))
    theirs = seqeval_scheme.Entities(sequences, scheme=STRICT[name]).entities
    for tags, entities in zip(sequences, theirs, strict=True):
        expected = {(entity.tag, entity.start, entity.end) for entity in entities}
        assert to_triples(SCHEMES[name].decode(tags, strict=True)) == expected, tags


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_legal_tags_read_the_same_strict_and_lenient(name: str) -> None:
    scheme = SCHEMES[name]
    legal = [tags for tags in make_sequences(name, 2500) if not scheme.find_illegal(tags)]
    assert len(legal) > 100
    for tags in legal:
        assert scheme.decode(tags, strict=True) == scheme.decode(tags)


@st.composite
def flat_spans(draw: st.DrawFn) -> tuple[list[Span], int]:
    length = draw(st.integers(0, 14))
    spans, at = [], 0
    while at < length:
        size = draw(st.integers(0, 3))
        if size and at + size <= length:
            spans.append(Span(at, at + size, draw(st.sampled_from([*LABELS, "", "O", "B", "I-x"]))))
        at += size or 1
    return spans, length


@pytest.mark.parametrize("name", sorted(SCHEMES))
@settings(max_examples=30, deadline=None)
@given(drawn=flat_spans())
def test_spans_survive_tags(name: str, drawn: tuple[list[Span], int]) -> None:
    scheme, (spans, length) = SCHEMES[name], drawn
    unheld = scheme.find_unheld(spans)
    held = [span for span in spans if span not in unheld]
    tags = scheme.encode(held, length)
    assert scheme.find_illegal(tags) == []
    assert scheme.decode(tags) == scheme.decode(tags, strict=True) == held
    assert set(tags) <= set(scheme.make_tags([span.label for span in spans]))
    if unheld and name == "IO":
        assert scheme.decode(scheme.encode(spans, length)) != spans


def test_neighbours_of_other_labels_stay_apart() -> None:
    for name in PREFIXED:
        assert SCHEMES[name].decode(["I-PER", "I-LOC"]) == [Span(0, 1, "PER"), Span(1, 2, "LOC")]


@pytest.mark.parametrize(
    ("tags", "lenient"),
    [
        (["O", "I-PER", "I-PER"], [(1, 3)]),
        (["B-PER", "B-PER"], [(0, 1), (1, 2)]),
        (["E-PER", "E-PER"], [(0, 1), (1, 2)]),
        (["S-PER", "I-PER"], [(0, 1), (1, 2)]),
        (["B-PER", "O", "I-PER"], [(0, 1), (2, 3)]),
        (["B", "I", "O"], [(0, 2)]),
        ([], []),
    ],
)
def test_lenient_table(tags: list[str], lenient: list[tuple[int, int]]) -> None:
    assert [span.bounds for span in SCHEMES["BIOES"].decode(tags)] == lenient


@pytest.mark.parametrize("name", PREFIXED)
def test_allowed_paths_are_exactly_the_encodings(name: str) -> None:
    """Over every sequence of three tags: legal means that encoding the spans gives the tags back."""
    scheme = SCHEMES[name]
    tags = scheme.make_tags(["A", "B"])
    for sequence in ([x, y, z] for x in tags for y in tags for z in tags):
        again = scheme.encode(scheme.decode(sequence), 3)
        assert (scheme.find_illegal(sequence) == []) == (again == sequence), sequence


def test_illegal_tags_are_placed_and_explained() -> None:
    assert SCHEMES["BIO"].find_illegal(["O", "I-PER", "E-PER"]) == [
        (1, "BIO has no 'I-PER' after 'O'"),
        (2, "'E-PER' is not a tag of BIO"),
    ]
    assert SCHEMES["BIOES"].find_illegal(["B-PER"]) == [(0, "BIOES has no the end after 'B-PER'")]
    assert SCHEMES["IOB1"].find_illegal(["B-PER"]) == [(0, "IOB1 has no 'B-PER' after the start")]


def test_overlaps_are_refused_by_name() -> None:
    nested = [Span(0, 3, "ORG"), Span(1, 2, "LOC")]
    for name in PREFIXED:
        assert SCHEMES[name].find_unheld(nested) == [Span(1, 2, "LOC")]
        with pytest.raises(SchemeError, match=r"'LOC' \[1, 2\) overlap"):
            SCHEMES[name].encode(nested, 4)
    with pytest.raises(SchemeError, match="leaves the 2 words"):
        SCHEMES["BIO"].encode([Span(0, 3, "ORG")], 2)


def test_word_says_what_it_cannot_hold() -> None:
    spans = [Span(0, 2, "NOUN"), Span(2, 3, "O"), Span(3, 4, ""), Span(4, 5, "VERB")]
    assert SCHEMES["WORD"].find_unheld(spans) == spans[:3]
    with pytest.raises(SchemeError, match=r"can't hold 'NOUN' \[0, 2\)"):
        SCHEMES["WORD"].encode(spans, 5)
    assert SCHEMES["WORD"].decode(["NOUN", "NOUN", "O", "B-x"]) == [
        Span(0, 1, "NOUN"),
        Span(1, 2, "NOUN"),
        Span(3, 4, "B-x"),
    ]


def test_io_lists_neighbours_it_would_merge() -> None:
    spans = [Span(0, 1, "PER"), Span(1, 2, "PER"), Span(2, 3, "LOC")]
    assert SCHEMES["IO"].find_unheld(spans) == [spans[1]]
    assert SCHEMES["IO"].decode(SCHEMES["IO"].encode(spans, 3)) == [Span(0, 2, "PER"), spans[2]]


def test_tags_are_split_at_the_first_hyphen() -> None:
    assert split_tag("B-creative-work") == ("B", "creative-work")
    assert split_tag("person-actor") == ("", "person-actor")
    assert split_tag("O") == ("O", "")
    assert split_tag("I-") == ("I", "")


def test_inventories_have_a_fixed_order() -> None:
    assert SCHEMES["BIO"].make_tags(["b", "a"]) == ["O", "B-b", "I-b", "B-a", "I-a"]
    assert SCHEMES["WORD"].make_tags(["NOUN"]) == ["O", "NOUN"]


def test_schemes_are_found_by_any_of_their_names() -> None:
    assert find_scheme("iob2").name == "BIO"
    assert find_scheme("BILOU").name == "BIOES"
    with pytest.raises(RecipeError, match="Did you mean 'BIOES'"):
        find_scheme("BIOE")


@pytest.mark.parametrize(
    ("sequences", "name"),
    [
        ([["PER", "PER", "O"]], "IO"),
        ([["I-PER", "O", "I-LOC"]], "IO"),
        ([["O", "O"]], "IO"),
        ([["person-actor", "O"]], "IO"),
        ([["NOUN", "VERB", "B"]], "WORD"),
        ([["N", "V", "O", "B"], ["N", "E", "S"]], "IO"),
        ([["I-PER", "B-PER", "O", "I-PER"]], "IOB1"),
        ([["B-PER", "I-PER", "O"]], "BIO"),
        ([["B-PER", "O"]], "BIO"),
        ([["B", "I", "O"]], "BIO"),
        ([["S-PER", "O"]], "BIOES"),
        ([["B-PER", "E-PER", "O"]], "BIOES"),
        ([["U-PER", "B-PER", "L-PER"]], "BIOES"),
        ([["B", "M", "E", "S"]], "BIOES"),
        ([["B-B", "I-B", "O", "B-O"]], "BIO"),
        ([["B-NP", "I-NP", "B-VP"]], "BIO"),
        ([[]], "IO"),
        ([], "IO"),
    ],
)
def test_schemes_are_found_by_inspection(sequences: list[list[str]], name: str) -> None:
    found = detect_scheme(sequences)
    assert (found.scheme, found.illegal) == (name, 0), found


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_what_a_scheme_wrote_is_detected_as_that_scheme(name: str) -> None:
    drawn, scheme, sequences = random.Random(3), SCHEMES[name], []
    for _ in range(50):
        starts = sorted(drawn.sample(range(0, 20, 2), 4))
        size = 1 if name == "WORD" else 2
        spans = [Span(start, start + drawn.randint(1, size), drawn.choice(LABELS)) for start in starts]
        if name == "WORD":
            spans = [Span(at, at + 1, drawn.choice(LABELS)) for at in range(20)]
        sequences.append(scheme.encode(spans, 20))
    assert detect_scheme(sequences).scheme == name


def test_other_letters_are_normalised() -> None:
    found = detect_scheme([["B-PER", "M-PER", "L-PER", "U-LOC", "O"]])
    assert found.normalise(["B-PER", "M-PER", "L-PER", "U-LOC", "O"]) == ["B-PER", "I-PER", "E-PER", "S-LOC", "O"]
    assert found.reason.endswith("with the letters L for E, M for I, U for S")
    plain = detect_scheme([["W-x", "NOUN", "O", "VERB"]])
    assert plain.normalise(["W-x"]) == ["W-x"]


def test_mixed_schemes_are_said() -> None:
    found = detect_scheme([["B-PER", "I-PER", "O"]] * 9 + [["I-PER", "I-PER", "O"]])
    assert (found.scheme, found.illegal) == ("BIO", 1)
    assert found.reason == "B- opens the spans; mixed: 1 of 30 tags don't fit BIO"
    assert found.evidence == {"B": 9, "I": 11, "O": 10}


def test_detection_of_bio_agrees_with_seqeval() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seqeval_scheme.auto_detect([["B-PER", "I-PER", "O"]]) is seqeval_scheme.IOB2
        assert detect_scheme([["B-PER", "I-PER", "O"]]).scheme == "BIO"


DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the folder shared/data with real corpora is absent")
@pytest.mark.parametrize("path", sorted(DATA.glob("*/dev.conll")), ids=lambda path: path.parent.name)
def test_real_corpora_are_read_and_written_in_every_scheme(path: Path) -> None:
    blocks = path.read_text("utf-8").strip().split("\n\n")
    sequences = [[line.split("\t")[1] for line in block.split("\n")] for block in blocks]
    found = detect_scheme(sequences)
    assert (found.scheme, found.illegal) == ("WORD" if path.parent.name.startswith("ud_") else "BIO", 0)
    spans = [SCHEMES[found.scheme].decode(tags) for tags in sequences]
    for scheme in SCHEMES.values():
        if not any(scheme.find_unheld(some) for some in spans):
            written = [scheme.encode(some, len(tags)) for some, tags in zip(spans, sequences, strict=True)]
            assert [scheme.decode(tags, strict=True) for tags in written] == spans
            assert detect_scheme(written).scheme in (scheme.name, "IO")
