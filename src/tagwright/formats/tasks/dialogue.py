"""Dialogue state: turns given, and after each turn of those who hold a state, its slots and values predicted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from tagwright.formats.inventory import Inventory
from tagwright.formats.question import Filled, Question, Track
from tagwright.formats.strings.names import Names
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, tell_unknown
from tagwright.text.document import Document
from tagwright.text.relation import Field, Turn
from tagwright.text.span import Chars


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
            history = read_history(document)
            for field in document.fields:
                names.add(field.name)
                if field.turn < len(document.turns) and field.values:
                    speakers.add(document.turns[field.turn].speaker)
                    if not history.holds(value := history.choose_value(field), field.turn):
                        values[field.name].add(value)
        closed = {slot: tuple(sorted(found)) for slot, found in sorted(values.items())}
        return Inventory(slots=Names(names, words), values=closed, speakers=tuple(sorted(speakers)))

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        return [Part(turn=at) for at, turn in enumerate(document.turns) if turn.speaker in inventory.speakers]

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        said = read_history(document).pieces[: (part.turn or 0) + 1]
        speakers = (turn.speaker for turn in document.turns)
        return Track(tuple(zip(speakers, said, strict=False)), inventory.slots, inventory.values)

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Filled, ...]:
        history = read_history(document)
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
                value = history.choose_value(field)
                if value not in inventory.values.get(field.name, ()) and not history.holds(value, field.turn):
                    note(
                        "value that was neither said nor seen in training: no constrained output has it",
                        f"{field.name} = {value}",
                    )
                filled[field.name] = Filled(field.name, value)
        return tuple(filled[name] for name in sorted(filled))

    def take(self, draft: Draft, part: Part, *, content: tuple[Filled, ...], score: Score) -> None:
        for slot in content:
            draft.add_field(Field(slot.slot, (slot.value,), part.turn or 0, score(slot.chars)))

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        asked = {part.turn for part in self.find_parts(document, inventory, number=0)}
        for field in document.fields:
            if field.turn not in asked:
                note("field of a turn that isn't asked about", field.name)


class History:
    """What was said in a dialogue, in pieces: its words, each with the blank before it."""

    def __init__(self, text: str, offsets: Sequence[Chars], *, turns: Sequence[Turn]) -> None:
        self.pieces = [tuple(_cut_pieces(text, offsets[turn.start : turn.end])) for turn in turns]
        self._ends = list(accumulate(sum(map(len, said)) for said in self.pieces))
        every = [piece for said in self.pieces for piece in said]
        self._forms = [_Form(every), _Form([piece.lower() for piece in every])]

    def holds(self, value: str, turn: int) -> bool:
        """A value was said up to a turn, from piece to piece: as it is, or all in lower case."""
        return any(form.holds(value, self._ends[turn]) for form in self._forms)

    def choose_value(self, field: Field) -> str:
        """Of values that are all right, the first that was said, else the first."""
        if field.turn >= len(self.pieces):
            return field.values[0]
        return next((value for value in field.values if self.holds(value, field.turn)), field.values[0])


class _Form:
    """Pieces put together, and where each begins and ends."""

    def __init__(self, pieces: list[str]) -> None:
        self.text = "".join(pieces)
        ends = list(accumulate(map(len, pieces)))
        self.ends = set(ends)
        self.starts = {end - len(piece.lstrip(" ")) for end, piece in zip(ends, pieces, strict=True)}

    def holds(self, value: str, end: int) -> bool:
        at = self.text.find(value, 0, end) if value else -1
        while at >= 0 and not (at in self.starts and at + len(value) in self.ends):
            at = self.text.find(value, at + 1, end)
        return at >= 0


def read_history(document: Document) -> History:
    """The history of a document; the last ones are kept, since a dialogue is asked about turn after turn."""
    return _read_history(document.text, document.offsets, document.turns)


@lru_cache(maxsize=8)
def _read_history(text: str, offsets: tuple[Chars, ...], turns: tuple[Turn, ...]) -> History:
    return History(text, offsets, turns=turns)


def _cut_pieces(text: str, offsets: Iterable[Chars]) -> Iterator[str]:
    """Words; where characters lie between two of them there is a blank. The first has one too."""
    last = -1
    for first, after in offsets:
        if word := " ".join(text[first:after].split()):
            yield f"{' ' * (first != last)}{word}"
        last = after
