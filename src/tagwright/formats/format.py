"""Format: documents to pairs of source and target text, and back. Knows nothing of models, tokens or files.

format = FORMATS["inline"](TASKS["ner"], inventory)       # inventory = TASKS["ner"].learn(documents)
pairs = format.write(document)                            # for training
for number in range(format.passes):                       # for prediction, pass after pass
    answers = [Answer(ask.part, generate(ask.source)) for ask in format.ask(document, number)]
    document = format.read(document, answers, faults=faults)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from tagwright.errors import RecipeError
from tagwright.formats.inventory import Inventory
from tagwright.formats.language import Choice, Language, Literal, Many, Rule, Said, choose, name_choice, series
from tagwright.formats.mention import Bounds, Mention, Passage
from tagwright.formats.question import Annotate, Filled, Question, Relate, Track, Verdict
from tagwright.formats.strings.faults import CUT_OFF, ILL_FORMED, REPEATED, UNALIGNED, WRONG_LABEL, Faults
from tagwright.formats.strings.frames import Piece
from tagwright.formats.strings.relationship import NONE, read_relationship, write_ends, write_relationship
from tagwright.formats.strings.state import BELIEF, read_state, write_piece, write_state, write_turns
from tagwright.formats.strings.syntax import IS, PART, join_value, join_words, split_value
from tagwright.formats.tasks.task import Draft, Note, Part, Task
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Chars


class Ask(NamedTuple):
    """A source text, and which part of a document it asks about."""

    source: str
    part: Part


class Pair(NamedTuple):
    """A source text with the target that a model should write."""

    source: str
    target: str
    part: Part


class Answer(NamedTuple):
    """What a model wrote; `score` gives the probability of some characters of it. Or it was cut off: not whole."""

    part: Part
    output: str
    score: Callable[[Chars], float | None] | None = None
    is_whole: bool = True


class Format(ABC):
    """How words, mentions and links are written; the task says which of them make up a document.

    `holds` says which parts of a document can be written at all, `crossing` spans that share words and don't nest.
    `prefix` begins every source: it tells a model of several tasks which one is meant.
    """

    name: ClassVar[str]
    holds: ClassVar[frozenset[str]] = frozenset(("spans", "relations", "fields", "crossing"))

    def __init__(self, task: Task[Any], inventory: Inventory, *, prefix: str = "") -> None:
        if missing := task.predicts - self.holds:
            raise RecipeError(
                f"The format {self.name!r} can't write {', '.join(sorted(missing))}, and the task {task.name!r} "
                "predicts them. Choose another format for it: inline, records."
            )
        self.task, self.inventory, self.prefix = task, inventory, prefix

    @property
    def passes(self) -> int:
        """How many times `ask` and `read` take turns."""
        return self.task.passes

    def ask(self, document: Document, number: int = 0) -> list[Ask]:
        """The sources of a pass, made of what is given and of what earlier passes have found."""
        parts = self.task.find_parts(document, self.inventory, number=number)
        return [Ask(self._write_source(document, part), part) for part in parts]

    def write(self, document: Document) -> list[Pair]:
        """The pairs of all passes of a gold document. What can't be written is left out: see `note_unheld`."""
        return self._write_pairs(document, Ledger())

    def note_unheld(self, documents: Iterable[Document], ledger: Ledger) -> None:
        """Note all of this task in gold documents that can't be written or would not come back."""
        for document in documents:
            self._write_pairs(document, ledger)
            self.task.check(document, self.inventory, note=Note(ledger, document))

    def _write_pairs(self, document: Document, ledger: Ledger) -> list[Pair]:
        pairs = []
        for number in range(self.passes):
            for source, part in self.ask(document, number):
                note = Note(ledger, document)
                content = self.task.solve(document, self.inventory, part=part, note=note)
                question = self.task.ask(document, self.inventory, part=part)
                pairs.append(Pair(source, self.write_target(question, content, note=note), part))
        return pairs

    def _write_source(self, document: Document, part: Part) -> str:
        source = self.write_source(self.task.ask(document, self.inventory, part=part))
        return f"{join_words(self.prefix.split())} : {source}" if self.prefix else source

    def read(self, document: Document, answers: Iterable[Answer], *, faults: Faults) -> Document:
        """The document with what one pass's answers say. Whatever they are, what comes out lies in the document.

        What was cut off is counted as that alone: what it lacks besides would have been written.
        """
        draft = Draft(document)
        for answer in answers:
            faults.begin()
            if not answer.is_whole:
                faults.note(CUT_OFF)
            question = self.task.ask(document, self.inventory, part=answer.part)
            content = self.read_output(question, answer.output, faults=faults if answer.is_whole else Faults())
            self.task.take(draft, answer.part, content=content, score=answer.score or _score_nothing)
        return draft.finish()

    def describe(self, document: Document, part: Part) -> Language:
        """What the target of a part may be, for constrained decoding."""
        question = self.task.ask(document, self.inventory, part=part)
        if isinstance(question, Annotate):
            return self.describe_mentions(question.passage)
        if isinstance(question, Relate):
            return self._describe_verdict(question)
        return _describe_state(question)

    # --- the three kinds of questions ---------------------------------------------------------------------------------

    def write_source(self, question: Question) -> str:
        if isinstance(question, Annotate):
            return self.write_words(question.passage, question.focus)
        if isinstance(question, Track):
            return write_turns(question.turns)
        ends = question.first, question.second
        given = tuple(Mention(*bounds) for bounds in ends)
        names = (self.name_span(question.passage, bounds, among=ends) for bounds in ends)
        return f"{self.write_words(question.passage, given)} The {write_ends(*names)} is"

    def write_target(self, question: Question, content: Any, *, note: Note) -> str:
        if isinstance(question, Annotate):
            return self.write_mentions(question.passage, content, note=note)
        if isinstance(question, Track):
            return write_state((question.slots.write(slot.slot), slot.value) for slot in content)
        ends = question.first, question.second
        names = (self.name_span(question.passage, bounds, among=ends) for bounds in (content.head, content.tail))
        label = NONE if content.label is None else question.passage.links.write(content.label)
        return write_relationship(*names, label=join_words(label))

    def read_output(self, question: Question, output: str, *, faults: Faults) -> Any:
        if isinstance(question, Annotate):
            return self.read_mentions(question.passage, output, faults=faults)
        if isinstance(question, Track):
            return _read_slots(question, output, faults=faults)
        return self._read_verdict(question, output, faults=faults)

    def _read_verdict(self, question: Relate, output: str, *, faults: Faults) -> Verdict | None:
        found, ends = read_relationship(output), {question.first, question.second}
        if found is None:
            faults.note(ILL_FORMED)
            return None
        head, tail = (self.find_span(question.passage, name, among=ends) for name in (found.head, found.tail))
        if {head, tail} != ends or head is None or tail is None:
            faults.note(UNALIGNED)
            return None
        label = question.passage.links.read(found.label.words)
        if label is None and tuple(word.casefold() for word in found.label.words) != NONE:
            faults.note(WRONG_LABEL)
            return None
        return Verdict(head, tail, label, found.label.chars)

    def _describe_verdict(self, question: Relate) -> Language:
        ends, passage = (question.first, question.second), question.passage
        first, second = (self.name_span(passage, bounds, among=ends) for bounds in ends)
        none, labels = Literal(join_words(NONE)), name_choice(passage.links)
        forward = series(Literal(f"{write_ends(first, second)} {IS}"), Choice((none, labels)))
        backward = series(Literal(f"{write_ends(second, first)} {IS}"), labels)
        return Language(Choice((forward, backward)), (), {}, copies=False)

    # --- what a format decides ----------------------------------------------------------------------------------------

    @abstractmethod
    def write_words(self, passage: Passage, focus: Sequence[Mention]) -> str:
        """The source: words, with the given mentions shown."""

    @abstractmethod
    def write_mentions(self, passage: Passage, mentions: Sequence[Mention], *, note: Note) -> str:
        """The target; what can't be written is noted and left out."""

    @abstractmethod
    def read_mentions(self, passage: Passage, output: str, *, faults: Faults) -> tuple[Mention, ...]:
        """The mentions of an output, in the order of the source."""

    @abstractmethod
    def describe_mentions(self, passage: Passage) -> Language:
        """What `write_mentions` may write."""

    @abstractmethod
    def name_span(self, passage: Passage, bounds: Bounds, *, among: Iterable[Bounds]) -> str:
        """How a span is called, written, so that it can be told from the others `among` which it stands."""

    @abstractmethod
    def find_span(
        self, passage: Passage, name: Sequence[Piece], *, among: Iterable[Bounds], near: Bounds | None = None
    ) -> Bounds | None:
        """Which one of some spans is called so; of several that can't be told apart, the one nearest to `near`."""


def _score_nothing(chars: Chars) -> None:
    return None


def _read_slots(question: Track, output: str, *, faults: Faults) -> tuple[Filled, ...]:
    pairs, broken = read_state(output)
    faults.note(ILL_FORMED, broken)
    filled: dict[str, Filled] = {}
    for name, value in pairs:
        slot = question.slots.read(name.words)
        if slot is None:
            faults.note(WRONG_LABEL)
        elif slot in filled:
            faults.note(REPEATED)
        else:
            filled[slot] = Filled(slot, join_value(value.words), (name.chars[0], value.chars[1]))
    return tuple(filled.values())


def _describe_state(question: Track) -> Language:
    """Each slot may come once; in any order, though targets are written in that of the labels."""
    said = tuple(write_piece(piece) for _, pieces in question.turns for piece in pieces)
    options: list[Rule] = []
    for slot in question.slots.labels:
        closed = choose(join_words(split_value(value)) for value in question.values.get(slot, ()))
        name = join_words(question.slots.write(slot))
        options.append(series(Literal(f"{PART} {name} {IS}"), Choice((Said(), *closed.rules))))
    start = series(Literal(f"[ {BELIEF}"), Many(Choice(tuple(options))), Literal("]"))
    return Language(start, said, {}, copies=False)
