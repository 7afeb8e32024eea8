"""HTML elements that can't forget to escape: text is escaped as it goes in, only `Html` goes in as it is.

Knows no scores. Numbers are written here too, so that all tables write them alike.
"""

from collections.abc import Iterable
from html import escape

# HTML can't hold control characters, nor UTF-8 lone surrogates: the first are shown by their pictures.
UNWRITABLE = (
    {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)
VOID = frozenset({"meta"})


class Html(str):
    """Markup, as against text."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """An element. `class_` is written class, `data_of` data-of; an attribute of None is left out.

    tag("td", "<5", class_="number") == '<td class="number">&lt;5</td>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>" + ("" if name in VOID else f"{join(children)}</{name}>"))


def join(children: Iterable[str]) -> Html:
    """Text and markup in a row."""
    return Html("".join(child if isinstance(child, Html) else _escape(child) for child in children))


def _escape(text: str) -> str:
    return escape(text.translate(UNWRITABLE))


def scroll(table: Html, name: str) -> Html:
    """What may be wider than a phone: it scrolls by itself, by touch and by keyboard."""
    return tag("div", table, class_="scroll", role="region", aria_label=name, tabindex="0")


def cell(text: str, *, class_: str | None = None) -> Html:
    return tag("td", text, class_=class_)


def head(text: str, *, class_: str | None = None, columns: int = 1) -> Html:
    """The heading of one or several columns."""
    if columns > 1:
        return tag("th", text, scope="colgroup", colspan=columns, class_=class_)
    return tag("th", text, scope="col", class_=class_)


def show_rate(rate: float) -> str:
    """A share of 1 in points: 87.42."""
    return f"{100 * rate:.2f}"


def show_count(count: int, noun: str = "") -> str:
    """1,234, or 1,234 documents."""
    return f"{count:,}" + (f" {noun}" + "s" * (count != 1) if noun else "")
