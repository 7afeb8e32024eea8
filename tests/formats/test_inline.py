"""Inline, worked by hand: the paper's own texts, and outputs with every kind of fault."""

import pytest

from format_trips import list_unheld, say, travel
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.strings.faults import (
    CHANGED,
    CUT_OFF,
    ILL_FORMED,
    LOST_TAIL,
    REPEATED,
    UNALIGNED,
    WRONG_LABEL,
    Faults,
)
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

WORDS = ["Tolkien", "'s", "epic", "novel", "The", "Lord", "of", "the", "Rings", "was", "published", "in", "1954"]
NOVEL = Document.from_words(
    WORDS, spans=(Span(0, 1, "person"), Span(4, 9, "book")), relations=(Relation(1, 0, "author"),)
)


def make(task: str, *documents: Document) -> Format:
    return FORMATS["inline"](TASKS[task], TASKS[task].learn(documents))


def read(format: Format, document: Document, output: str) -> tuple[set[tuple[int, int, str]], set[str], Document]:
    faults = Faults()
    (ask,) = format.ask(document)
    found = format.read(document.only(()), [Answer(ask.part, output)], faults=faults)
    return {(*span.bounds, span.label) for span in found.spans}, set(faults.cases), found


def test_entities_and_relations_as_in_the_paper() -> None:
    (pair,) = make("joint-er", NOVEL).write(NOVEL)
    assert pair.source == " ".join(WORDS)
    assert pair.target == (
        "[ Tolkien | person ] 's epic novel [ The Lord of the Rings | book | author = Tolkien ] was published in 1954"
    )
    (pair,) = make("ner", NOVEL).write(NOVEL)
    assert pair.target == "[ Tolkien | person ] 's epic novel [ The Lord of the Rings | book ] was published in 1954"


def test_an_output_that_was_cut_off_has_no_other_fault() -> None:
    format, outputs = make("ner", NOVEL), ("[ Tolkien | person ] 's epoc [ The | bo", "[ Tolkien | person ] 's")
    for is_whole, expected in ((False, {CUT_OFF}), (True, {CHANGED, ILL_FORMED, WRONG_LABEL})):
        faults = Faults()
        for output in outputs:
            (ask,) = format.ask(NOVEL)
            found = format.read(NOVEL.only(()), [Answer(ask.part, output, is_whole=is_whole)], faults=faults)
            assert Span(0, 1, "person") in found.spans  # what was written by then is read
        assert set(faults.cases) == expected and faults.outputs == 2
        assert faults.having[CUT_OFF] == (0 if is_whole else 2)


def test_nested_spans_as_in_the_paper() -> None:
    campus = Document.from_words(
        ["the", "Boston", "University", "campus"],
        spans=(Span(0, 4, "facility"), Span(1, 3, "organization"), Span(1, 2, "city")),
    )
    (pair,) = make("ner", campus).write(campus)
    assert pair.target == "[ the [ [ Boston | city ] University | organization ] campus | facility ]"


def test_two_labels_on_the_same_words() -> None:
    document = Document.from_words(["Paris"], spans=(Span(0, 1, "PER"), Span(0, 1, "LOC")))
    format = make("ner", document)
    assert format.write(document)[0].target == "[ [ Paris | person ] | location ]"
    assert say(travel(format, document), format.task) == say(document, format.task)


def test_a_prefix_tells_the_task() -> None:
    format = FORMATS["inline"](TASKS["ner"], TASKS["ner"].learn([NOVEL]), prefix="books")
    assert format.ask(NOVEL)[0].source.startswith("books : Tolkien 's")


def test_words_that_are_marks_are_escaped_on_both_sides() -> None:
    document = Document.from_words(
        ["score", "=", "3", "[", "sic", "]", "by", "Bob", "|", "Ann"], spans=(Span(7, 8, "PER"), Span(4, 5, "X"))
    )
    format = make("ner", document)
    (pair,) = format.write(document)
    assert pair.source == "score \\= 3 \\[ sic \\] by Bob \\| Ann"
    assert pair.target == "score \\= 3 \\[ [ sic | other ] \\] by [ Bob | person ] \\| Ann"
    assert read(format, document, pair.target)[:2] == ({(4, 5, "X"), (7, 8, "PER")}, set())


BOSTONS = Document.from_words(
    ["Boston", "beat", "Boston", "in", "Boston"],
    spans=(Span(0, 1, "team"), Span(2, 3, "team"), Span(4, 5, "city")),
    relations=(Relation(0, 1, "beats"), Relation(0, 2, "plays in"), Relation(1, 0, "loses to")),
)


def test_tails_with_the_same_words_are_told_apart() -> None:
    format = make("joint-er", BOSTONS)
    (pair,) = format.write(BOSTONS)
    assert pair.target == (
        "[ Boston | team | beats = Boston = 2 | plays in = Boston = 3 ] beat "
        "[ Boston | team | loses to = Boston ] in [ Boston | city ]"
    )
    assert say(travel(format, BOSTONS), format.task) == say(BOSTONS, format.task)


def test_a_tail_without_a_number_is_the_nearest_where_the_first_is_no_span() -> None:
    format = make("joint-er", BOSTONS)
    output = "Boston beat [ Boston | team ] in [ Boston | city | plays in = Boston ]"
    found = read(format, BOSTONS, output)[2]
    edge = found.relations[0]
    assert (found.spans[edge.head].bounds, found.spans[edge.tail].bounds) == ((4, 5), (2, 3))
    wrong = output.replace("= Boston", "= Boston = 1")  # the first Boston is none of the spans
    assert read(format, BOSTONS, wrong)[1] == {LOST_TAIL}


GOLD = "[ Tolkien | person ] 's epic novel [ The Lord of the Rings | book ] was published in 1954"
BOTH = {(0, 1, "person"), (4, 9, "book")}


@pytest.mark.parametrize(
    ("old", "new", "spans", "faults"),
    [
        ("", "", BOTH, set()),
        ("Tolkien", "Tolkein", BOTH, {CHANGED}),
        ("Tolkien", "TOLKIEN", BOTH, {CHANGED}),
        ("of the", "", BOTH, {CHANGED}),
        ("'s epic novel", "", BOTH, {CHANGED}),
        ("Tolkien", "Mr Tolkien", BOTH, {CHANGED}),
        ("'s epic novel [ The Lord of the", "[ epic", {(0, 1, "person")}, {CHANGED, UNALIGNED}),  # not all between
        ("Tolkien", "Tolkien and all his friends", {(4, 9, "book")}, {CHANGED, UNALIGNED}),
        ("Tolkien", "Frodo", {(4, 9, "book")}, {CHANGED, UNALIGNED}),
        ("person", "wizard", {(4, 9, "book")}, {WRONG_LABEL}),
        ("person", "PERSON", BOTH, set()),
        ("| person ]", "]", {(4, 9, "book")}, {ILL_FORMED}),
        ("| person", "| person | person", BOTH, {ILL_FORMED}),
        ("person ]", "person", BOTH, {ILL_FORMED}),  # the lost bracket takes nothing with it
        ("[ Tolkien", "Tolkien", {(4, 9, "book")}, {ILL_FORMED, CHANGED}),  # what was a label is a word now
        (" ] was published in 1954", "", BOTH, {ILL_FORMED, CHANGED}),  # cut off
        ("[ Tolkien | person ]", "[ [ Tolkien | person ] | person ]", BOTH, {REPEATED}),
        ("| person", "| person | author = Bilbo", BOTH, {WRONG_LABEL}),
        ("| book", "| book | = x", BOTH, {ILL_FORMED}),
    ],
)
def test_faults_are_mended_or_counted(old: str, new: str, spans: set[tuple[int, int, str]], faults: set[str]) -> None:
    assert read(make("ner", NOVEL), NOVEL, GOLD.replace(old, new, 1))[:2] == (spans, faults)


def test_an_unknown_relation_and_a_tail_that_is_no_span() -> None:
    format = make("joint-er", NOVEL)
    gold = format.write(NOVEL)[0].target
    for old, new, fault in (("author", "editor", WRONG_LABEL), ("= Tolkien", "= novel", LOST_TAIL)):
        spans, faults, found = read(format, NOVEL, gold.replace(old, new))
        assert (spans, faults, found.relations) == (BOTH, {fault}, ())


def test_a_tail_may_repeat_the_misspelling_of_its_frame() -> None:
    format = make("joint-er", NOVEL)
    spans, faults, found = read(format, NOVEL, format.write(NOVEL)[0].target.replace("Tolkien", "Tolkein"))
    assert (spans, faults) == (BOTH, {CHANGED})
    assert say(found, format.task)[1] == {((4, 9, "book"), "author", (0, 1, "person"))}


def test_nothing_written_is_nothing_found() -> None:
    assert read(make("ner", NOVEL), NOVEL, "")[:2] == (set(), {CHANGED})


def test_scores_are_those_of_the_characters_that_say_it() -> None:
    format = make("joint-er", NOVEL)
    (pair,) = format.write(NOVEL)
    chances = {"[ Tolkien | person": 0.5, "[ The Lord of the Rings | book": 0.25, "author = Tolkien": 0.125}
    answer = Answer(pair.part, pair.target, lambda chars: chances[pair.target[slice(*chars)]])
    found = format.read(NOVEL.only(()), [answer], faults=Faults())
    assert [span.score for span in found.spans] == [0.5, 0.25]
    assert found.relations[0].score == 0.125


def test_what_frames_cannot_hold_is_noted() -> None:
    document = Document.from_words(
        ["a", "b", "c", "d"],
        id="x",
        spans=(Span(0, 2, "A"), Span(1, 3, "A"), Span(3, 4, "A"), Span(3, 4, "B"), Span(3, 4, "A"), Span(0, 1)),
        relations=(Relation(0, 1, "r"), Relation(0, 2, "r"), Relation(1, 0, "r")),
    )
    format = make("joint-er", document)
    assert list(list_unheld(format, [document]).lines()) == [
        "1 x repeated span: taught once: x 'd' A",
        "1 x relation to words that are two spans: which one can't be said: x 'd' A",
        "1 x span that crosses another: frames can only nest: x 'b c'",
        "2 x relation of a span that crosses another: x r; x r",
    ]
    assert format.write(document)[0].target == "[ [ a ] b | a ] c [ [ d | b ] | a ]"


def test_labels_that_training_never_saw_are_noted_and_not_written() -> None:
    document = Document.from_words(["x"], spans=(Span(0, 1, "new"),))
    format = make("ner", NOVEL)
    assert "with the label 'new', which training never saw" in next(list_unheld(format, [document]).lines())
    assert format.write(document)[0].target == "x"
