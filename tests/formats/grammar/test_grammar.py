"""Grammars over tokens: they accept what a format writes; what is written under them is read without a fault."""

import gc
from random import Random
from weakref import ref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import decoders

from format_documents import dialogues, documents, structures
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.strings.faults import LOST_TAIL, REPEATED, Faults
from tagwright.text.document import Document
from tagwright.text.span import Span
from tiny_tokenizers import learn_bytes


def make_lexicon(*, prefix: bool) -> Lexicon:
    tokenizer = learn_bytes(prefix=prefix)
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    return Lexicon(tokenizer)


LEXICONS = {"prefix": make_lexicon(prefix=True), "none": make_lexicon(prefix=False)}
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


def make_format(task: str, kind: str, *documents: Document) -> Format:
    return FORMATS[kind](TASKS[task], TASKS[task].learn(documents))


def wander(grammar: Grammar, drawn: Random, most: int = 4000) -> list[int] | None:
    """Some tokens that the grammar allows up to the end; None where that doesn't come."""
    state, ids = grammar.start, list[int]()
    while len(ids) < most:
        token = drawn.choice(state.allowed.tolist())
        if token == grammar.lexicon.end:
            assert grammar.accepts(ids)
            return ids
        after = state.advance(token)
        assert after is not None
        state = after
        ids.append(token)
    return None


@pytest.mark.parametrize("lexicon", LEXICONS.values(), ids=LEXICONS)
@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_every_target_is_accepted(task: str, kind: str, lexicon: Lexicon) -> None:
    @few
    @given(SOURCES.get(task, documents()))
    def check(document: Document) -> None:
        format = make_format(task, kind, document)
        for pair in format.write(document):
            ids = lexicon.encode(pair.target)
            assert Grammar(format.describe(document, pair.part), lexicon).accepts(ids), pair.target
            assert lexicon.read(ids).text == pair.target

    check()


@pytest.mark.parametrize(("task", "kind"), PAIRS)
def test_whatever_is_allowed_ends_and_is_read_without_a_fault(task: str, kind: str) -> None:
    @few
    @given(SOURCES.get(task, documents()), st.integers(0, 1000))
    def check(document: Document, seed: int) -> None:
        format, faults = make_format(task, kind, document), Faults()
        for pair in format.write(document):
            grammar = Grammar(format.describe(document, pair.part), LEXICONS["prefix"])
            ids = wander(grammar, Random(seed))
            assert ids is not None
            format.read(document, [Answer(pair.part, grammar.lexicon.read(ids).text)], faults=faults)
        assert set(faults.cases) <= {LOST_TAIL, REPEATED}, list(faults.lines())

    check()


def test_nothing_of_a_grammar_waits_for_the_garbage_collector() -> None:
    """It makes many objects for every document, and a pass over all that a program holds takes longer than writing."""
    document = Document.from_words(["Ada", "met", "Bo", "."], spans=(Span(0, 1, "person"),))
    format = make_format("ner", "inline", document)
    gc.collect()
    gc.disable()
    try:
        grammar = Grammar(format.describe(document, format.ask(document)[0][1]), LEXICONS["prefix"])
        assert wander(grammar, Random(0))
        known = ref(grammar)
        del grammar
        assert known() is None
    finally:
        gc.enable()
