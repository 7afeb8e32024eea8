"""Raw text to words with character offsets, for any script. Knows nothing of languages, tokens or labels.

Every visible character is in exactly one word; white space, control and zero-width characters are in none,
but for joiners, soft hyphens and the like between letters or within an emoji, which stay inside their word.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from unicodedata import category

from tagwright.errors import DataError
from tagwright.text.document import Document, place_span
from tagwright.text.span import Chars, Span

# Scripts that put no blank between words: each character, with its marks, is a word.
SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\uff66-\uff9d"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"  # ideographs
)
BREAKS = "\u200b\ufeff"  # zero-width space and byte order mark part words; other format characters don't
SCANNED = range(0x20000)  # beyond lie ideographs, tags and variation selectors only


def split_words(text: str) -> tuple[Chars, ...]:
    """The words of a text as `(start, end)` character offsets.

    don't e-mail AT&T U.S. 3.5 1,000 10:30 @user #tag a@b.org https://x.org/y : one word each
    John's : John, 's       ... : three words       日本 : two words       an emoji sequence : one word
    """
    return tuple(match.span() for match in _compile().finditer(text))


def make_document(text: str, *, spans: Iterable[Span | tuple[int, int, str]] = (), **rest: Any) -> Document:
    """A document from raw text. `spans` are word spans, or (start, end, label) in characters, end exclusive."""
    offsets = split_words(text)
    placed = []
    for span in spans:
        if isinstance(span, Span):
            placed.append(span)
            continue
        start, end, label = span
        found = place_span(offsets, [(start, end)], label=label) if 0 <= start < end <= len(text) else None
        if found is None:
            raise DataError(f"Span {span} holds no word of the text, which has {len(text)} characters.")
        placed.append(found)
    return Document(text, offsets, spans=tuple(placed), **rest)


@lru_cache(maxsize=1)
def _compile() -> re.Pattern[str]:
    """One pattern, its alternatives in order of precedence. Each is linear: nothing can be matched in two ways."""
    marks = _collect("Mn", "Mc", "Me") + "\U000e0100-\U000e01ef"
    letters = _collect("L", "N", without=SINGLE) + marks
    hidden = _collect("Cc", "Cf") + "\U000e0001-\U000e007f"
    inner = _collect("Cf", without=BREAKS)
    symbol = f"[{_collect('So')}]"
    tail = f"[{marks}\U0001f3fb-\U0001f3ff]*+"  # accents, variation selectors, skin tones
    joint = rf"(?:['’](?![sS](?![{letters}]))|[-‐‑_·&]|[{inner}]++|(?<=\d)[.,:/](?=\d))"
    return re.compile(
        "|".join(
            (
                rf"(?:(?:https?|ftp)://|www\.)[^\s<>\"{hidden}{SINGLE}\u3001-\u303f\uff01-\uff65]*(?<=[\w/])",
                r"[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9-]{1,64}+(?:\.[A-Za-z0-9-]{1,64}+){1,8}+",
                rf"[@#][\w{marks}]++",
                "[0-9#*]\ufe0f?\u20e3",  # keycaps
                "[\U0001f1e6-\U0001f1ff]{2}",  # flags: two regional letters, or a flag and tags
                "\U0001f3f4[\U000e0020-\U000e007f]++",
                rf"(?:[{letters}]\.){{2,}}(?![{letters}])",  # U.S.
                rf"(?<=[{letters}])['’][sS](?![{letters}])",
                rf"[{letters}]++(?:{joint}[{letters}]++)*+",
                rf"{symbol}{tail}(?:\u200d{symbol}{tail})*+",
                rf"[^\s{hidden}]{tail}",
            )
        )
    )


def _collect(*kinds: str, without: str = "") -> str:
    """The characters of some Unicode categories (or their first letters) as the inside of a character class."""
    out = re.compile(f"[{without}]" if without else "(?!)")
    ranges: list[list[int]] = []
    for code in SCANNED:
        if category(chr(code)).startswith(kinds) and not out.match(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
