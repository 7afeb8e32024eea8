"""Dialogue states: `[ belief | hotel area = north | hotel stars = 4 ]`, and the turns they are read from.

Know no document; slots are known by name.
"""

from collections.abc import Iterable, Sequence

from tagwright.formats.strings.frames import Piece, read_frames, write_frame, write_link
from tagwright.formats.strings.syntax import join_words, split_value

BELIEF = "belief"


def write_turns(turns: Iterable[tuple[str, Sequence[str]]]) -> str:
    """`[ user ] I need a taxi. [ system ] Where to?`, of pieces that have their blanks with them."""
    return " ".join(
        f"{write_frame([join_words(speaker.lower().split())])} {join_words(''.join(said).split())}"
        for speaker, said in turns
    )


def write_piece(piece: str) -> str:
    """A piece of what was said as it is written, with the blank before it."""
    return " " * piece.startswith(" ") + join_words(piece.split())


def write_state(slots: Iterable[tuple[Sequence[str], str]]) -> str:
    """A state of slots (by the words of their names) and values."""
    return write_frame(
        [BELIEF, *(write_link([join_words(name), join_words(split_value(value))]) for name, value in slots)]
    )


def read_state(output: str) -> tuple[list[tuple[Piece, Piece]], int]:
    """Pairs of slot and value as written, and the number of faults. What a cut-off state has so far is kept."""
    reading = read_frames(output, lambda words: 0)
    faults = reading.faults + (len(reading.frames) != 1)
    pairs = []
    for part in (part for frame in reading.frames for part in frame.parts[1:]):
        if len(part) == 2 and part[0].words and part[1].words:
            pairs.append((part[0], part[1]))
        else:
            faults += 1
    return pairs, faults
