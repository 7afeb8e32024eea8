"""The marks of written documents, and how words that contain them are escaped. Knows nothing of labels or frames.

A string is a row of items between blanks: marks (`[`, `]`, `|`, `=`) and words. In a word each mark and each
backslash has a backslash before it, white space is written by its code point in hex (a blank is `\\20.`), and a word
without characters is `\\.`. So any word comes back as it was, and an unescaped mark is a mark wherever it stands.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tagwright.text.span import Chars

OPEN, CLOSE, PART, IS = "[", "]", "|", "="

UNSAFE = re.compile(r"[\[\]|=\\]|\s")
PIECE = re.compile(
    r"(?P<plain>[^\s\[\]|=\\]+)|(?P<blank>\s+)|(?P<mark>[\[\]|=])|\\(?P<code>[0-9a-f]{0,6})\.|\\(?P<escaped>.)|\\", re.S
)


class Item(NamedTuple):
    """A mark or a word of a string, unescaped, and the characters that it takes there."""

    text: str
    is_mark: bool
    chars: Chars


def escape(word: str) -> str:
    """A word as it is written."""
    return UNSAFE.sub(_escape_character, word) if word else "\\."


def _escape_character(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{ord(character):x}." if character.isspace() else f"\\{character}"


def join_words(words: Iterable[str]) -> str:
    """Words as they are written, parted by blanks."""
    return " ".join(map(escape, words))


def split_value(value: str) -> tuple[str, ...]:
    """Free text as words that `join_value` puts together again, whatever its blanks."""
    return tuple(value.split(" "))


def join_value(words: Sequence[str]) -> str:
    return " ".join(words)


def split_items(text: str) -> Iterator[Item]:
    """The items of a string; any string has some reading, for a model may write anything."""
    word, start, last = "", -1, 0
    for piece in PIECE.finditer(text):
        mark, blank = piece["mark"], piece["blank"]
        if (mark or blank) and start >= 0:
            yield Item(word, False, (start, last))
            word, start = "", -1
        if mark:
            yield Item(mark, True, piece.span())
        elif not blank:
            start = piece.start() if start < 0 else start
            word += _unescape(piece)
        last = piece.end()
    if start >= 0:
        yield Item(word, False, (start, last))


def _unescape(piece: re.Match[str]) -> str:
    if (code := piece["code"]) is None:
        return piece["plain"] or piece["escaped"] or piece[0]
    character = chr(min(int(code, 16), 0x10FFFF)) if code else ""
    return character if not code or character.isspace() else piece[0]  # only white space is written so
