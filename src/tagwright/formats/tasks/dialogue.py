"""Dialogue state: turns given, and after each turn of those who hold a state, its slots and values predicted."""

from collections import defaultdict
from collections.abc import Iterable

from tagwright.formats.inventory import Inventory
from tagwright.formats.question import Filled, Question, Track
from tagwright.formats.strings.names import Names
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, tell_unknown
from tagwright.text.document import Document
from tagwright.text.relation import Field


class Dialogue(Task[tuple[Filled, ...]]):
    """One question for each turn, over all that was said so far; the answer is the whole state."""

    name = "dst"
    given = ("turns",)
    predicts = frozenset(("fields",))

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        values: defaultdict[str, set[str]] = defaultdict(set)
        speakers: set[str] = set()
        names: set[str] = set()
        for document in documents:
            histories = _read_histories(document)
            for field in document.fields:
                names.add(field.name)
                if field.turn < len(document.turns) and field.values:
                    speakers.add(document.turns[field.turn].speaker)
                    value = _choose_value(field, histories[field.turn])
                    if value.casefold() not in histories[field.turn]:
                        values[field.name].add(value)
        closed = {slot: tuple(sorted(found)) for slot, found in sorted(values.items())}
        return Inventory(slots=Names(names, words), values=closed, speakers=tuple(sorted(speakers)))

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        return [Part(turn=at) for at, turn in enumerate(document.turns) if turn.speaker in inventory.speakers]

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        turns = []
        for turn in document.turns[: (part.turn or 0) + 1]:
            said = document.text[slice(*_find_chars(document, turn.start, turn.end))]
            turns.append((turn.speaker, tuple(said.split())))
        return Track(tuple(turns), inventory.slots, inventory.values)

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Filled, ...]:
        history = _read_histories(document)[part.turn or 0]
        filled: dict[str, Filled] = {}
        for field in (field for field in document.fields if field.turn == part.turn):
            if field.name not in inventory.slots:
                note(tell_unknown("field", field.name))
            elif not field.values:
                note("field without a value", field.name)
            elif field.name in filled:
                note("repeated field: the first is written", field.name)
            else:
                if len(set(field.values)) > 1:
                    note("further value of a field: one that was said is written", field.name)
                filled[field.name] = Filled(field.name, _choose_value(field, history))
        return tuple(filled[name] for name in sorted(filled))

    def take(self, draft: Draft, part: Part, *, content: tuple[Filled, ...], score: Score) -> None:
        for slot in content:
            draft.add_field(Field(slot.slot, (slot.value,), part.turn or 0, score(slot.chars)))

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        asked = {part.turn for part in self.find_parts(document, inventory, number=0)}
        for field in document.fields:
            if field.turn not in asked:
                note("field of a turn that isn't asked about", field.name)


def _find_chars(document: Document, start: int, end: int) -> tuple[int, int]:
    return (document.offsets[start][0], document.offsets[end - 1][1]) if start < end else (0, 0)


def _read_histories(document: Document) -> list[str]:
    """For each turn all that was said up to it, without case."""
    return [document.text[: _find_chars(document, 0, turn.end)[1]].casefold() for turn in document.turns]


def _choose_value(field: Field, history: str) -> str:
    """Of values that are all right, the first that was said, else the first."""
    return next((value for value in field.values if value.casefold() in history), field.values[0])
