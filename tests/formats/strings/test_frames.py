"""Frames: nested ones, and what is left when a bracket is lost."""

import pytest

from tagwright.formats.strings.frames import Frame, read_frames
from tagwright.formats.strings.names import Names

LABELS = Names(["person", "city", "country city state"])


def read(text: str) -> tuple[str, list[tuple[int, int, str]], int]:
    """Clean words, frames by bounds and what follows their name, faults."""
    reading = read_frames(text, LABELS.find_prefix)
    frames = [(frame.start, frame.end, show(frame)) for frame in reading.frames]
    return " ".join(reading.words), frames, reading.faults


def show(frame: Frame) -> str:
    return "|".join("=".join(" ".join(piece.words) for piece in part) for part in frame.parts[1:])


@pytest.mark.parametrize(
    ("text", "words", "frames", "faults"),
    [
        ("a [ b | person ] c", "a b c", [(1, 2, "person")], 0),
        ("[ b c|person|of=x y=2 ]", "b c", [(0, 2, "person|of=x y=2")], 0),
        (
            "[ the [ [ B | city ] U | person ] c | city ]",
            "the B U c",
            [(1, 2, "city"), (1, 3, "person"), (0, 4, "city")],
            0,
        ),
        ("[ b = 2 | person ]", "b", [(0, 1, "person")], 0),
        ("\\[ b \\| c", "[ b | c", [], 0),
        ("a ] | = b", "a b", [], 3),
        # a lost ]: the label ends where no longer label is known, and the text goes on
        ("[ b | person c [ d | city ] e", "b c d e", [(0, 1, "person"), (2, 3, "city")], 1),
        ("[ b | country city state c", "b c", [(0, 1, "country city state")], 1),
        ("[ b | person | of = x [ d | city ]", "b d", [(0, 1, "person|of=x"), (1, 2, "city")], 1),
        # cut off
        ("a [ b | person | of", "a b", [(1, 2, "person|of")], 1),
        ("a [ b", "a b", [(1, 2, "")], 1),
        ("", "", [], 0),
    ],
)
def test_reading(text: str, words: str, frames: list[tuple[int, int, str]], faults: int) -> None:
    assert read(text) == (words, frames, faults)


def test_pieces_know_their_characters() -> None:
    text = "x [ b c | person | of = y ]"
    (frame,) = read_frames(text, LABELS.find_prefix).frames
    cut = [[text[slice(*piece.chars)] for piece in part] for part in frame.parts]
    assert cut == [["b c"], ["person"], ["of", "y"]]
    assert text[slice(*frame.chars)] == "[ b c | person | of = y ]"
