"""Dialogue state scores. Knows fields and turns: no text, no model.

A slot is right if the first predicted value is any of the gold values, case and white space aside.
`joint`: a turn is right if all its slots are and there is none too many. `slot_accuracy`: right slots of those that
gold or the prediction fills. `slots`: precision, recall and F1 of filled slots, per slot name too.
Turns scored: those with a field on either side, and all other turns of the speakers who hold a field in gold.
"""

from collections.abc import Iterator

from tagwright.evaluation.counts import Counts
from tagwright.text.document import Document

State = dict[tuple[int, str], tuple[str, ...]]


def count_fields(gold: Document, predicted: Document) -> Iterator[tuple[str, list[tuple[str | None, Counts]]]]:
    """Counts of the three groups; nothing where neither side has a field."""
    right, said = _read_state(gold), _read_state(predicted)
    if not (right or said):
        return
    hits = {slot for slot, values in said.items() if slot in right and values[0] in right[slot]}
    wrong_turns = {turn for turn, name in right.keys() | said.keys() if (turn, name) not in hits}
    turns, filled = _find_turns(gold, right, said=said), len(right.keys() | said.keys())
    yield "joint", [(None, Counts(len(turns - wrong_turns), 0, len(turns), len(turns)))]
    yield "slot_accuracy", [(None, Counts(len(hits), 0, filled, filled))]
    yield "slots", [(None, Counts(len(hits), 0, len(said), len(right))), *_count_names(right, said, hits=hits)]


def normalise(value: str) -> str:
    """A value without case and with single blanks."""
    return " ".join(value.casefold().split())


def _read_state(document: Document) -> State:
    """Values by turn and name; a name given twice in a turn has the values of both."""
    state: State = {}
    for field in document.fields:
        values = tuple(map(normalise, field.values)) or ("",)
        slot = field.turn, field.name
        state[slot] = state.get(slot, ()) + values
    return state


def _find_turns(gold: Document, right: State, *, said: State) -> set[int]:
    turns = {turn for turn, _ in right.keys() | said.keys()}
    speakers = {gold.turns[turn].speaker for turn, _ in right if 0 <= turn < len(gold.turns)}
    return turns | {place for place, turn in enumerate(gold.turns) if turn.speaker in speakers}


def _count_names(right: State, said: State, *, hits: set[tuple[int, str]]) -> Iterator[tuple[str, Counts]]:
    for name in sorted({name for _, name in right.keys() | said.keys()}):
        sizes = [sum(slot[1] == name for slot in slots) for slots in (hits, said, right)]
        yield name, Counts(sizes[0], 0, sizes[1], sizes[2])
