"""Document -> text -> document, for every task in every format, whatever stands in the words and the labels."""

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from format_documents import dialogues, documents, structures
from format_language import accept, write_any
from format_trips import list_unheld, say, travel
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.strings.faults import LOST_TAIL, REPEATED, UNALIGNED, Faults
from tagwright.text.document import Document

ALIKE = {"chunks", "pos", "slots", "aspects"}  # they differ from ner by name alone
HELD = [(task, kind) for task in TASKS for kind in FORMATS if TASKS[task].predicts <= FORMATS[kind].holds]
PAIRS = [(task, kind) for task, kind in HELD if task not in ALIKE]
SOURCES = {
    "joint-er": documents(untyped=True),
    "relation": documents(),
    "srl": structures(),
    "events": structures(),
    "dst": dialogues(),
}
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def make_format(task: str, kind: str, document: Document) -> Format:
    return FORMATS[kind](TASKS[task], TASKS[task].learn([document]), prefix="a task")


def test_every_format_holds_every_task_but_one() -> None:
    assert len(HELD) == len(TASKS) * len(FORMATS) - 1


@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_what_is_held_comes_back_and_nothing_else_comes(task: str, kind: str) -> None:
    @few
    @given(SOURCES.get(task, documents()))
    def check(document: Document) -> None:
        format, faults = make_format(task, kind, document), Faults()
        found, gold = say(travel(format, document, faults), format.task), say(document, format.task)
        unheld = list_unheld(format, [document])
        event("unheld" if unheld else "held")
        assert not faults.cases
        assert found == gold or (unheld and all(one <= other for one, other in zip(found, gold, strict=True)))

    check()


@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_every_target_is_a_sentence_of_its_language(task: str, kind: str) -> None:
    @few
    @given(SOURCES.get(task, documents()))
    def check(document: Document) -> None:
        format = make_format(task, kind, document)
        for pair in format.write(document):
            assert accept(format.describe(document, pair.part), pair.target), pair.target

    check()


@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_every_sentence_of_a_language_is_well_formed_and_known(task: str, kind: str) -> None:
    @few
    @given(SOURCES.get(task, documents()), st.randoms(use_true_random=False))
    def check(document: Document, drawn: object) -> None:
        format, faults = make_format(task, kind, document), Faults()
        for pair in format.write(document):
            output = write_any(format.describe(document, pair.part), drawn)
            format.read(document, [Answer(pair.part, output)], faults=faults)
        assert set(faults.cases) <= {LOST_TAIL, REPEATED, UNALIGNED}

    check()


@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_whatever_a_model_writes_can_be_read(task: str, kind: str) -> None:
    pieces = st.sampled_from(("[", "]", "|", "=", "\\", "PER", "person", "Boston", "2", "<1>", " ", "belief", "x = y"))

    @few
    @given(SOURCES.get(task, documents()), st.lists(pieces | st.text(max_size=3)).map("".join))
    def check(document: Document, output: str) -> None:
        format, faults = make_format(task, kind, document), Faults()
        for number in range(format.passes):
            answers = [Answer(ask.part, output) for ask in format.ask(document, number)]
            format.read(document, answers, faults=faults)  # a Document refuses spans outside of its words
            assert faults.outputs >= len(answers)

    check()
