"""Form: what a row of a table is (a word, a text, a span), and which columns say so. Reads no documents."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tagwright.errors import DataError
from tagwright.io.kind import FileOptions
from tagwright.io.tables.cells import find_strings, find_tags
from tagwright.io.tables.columns import (
    END_NAMES,
    GROUP_NAMES,
    LABEL_NAMES,
    START_NAMES,
    TAG_NAMES,
    TEXT_NAMES,
    TYPE_NAMES,
    WEAK_NAMES,
    WORD_NAMES,
    Cells,
    find_all,
    find_column,
    fold,
)
from tagwright.text.schemes import split_tag

Body = Callable[[], Iterator[Cells]]


@dataclass(frozen=True)
class Form:
    """`row` says what a row is; the others are places of columns.

    word    a word a row
    lists   a document a row: a list of words, a list of tags
    tagged  a document a row: a text, and a tag for each of its words between blanks
    text    a document a row: a text, and a list of spans
    span    a span a row, beside its text
    """

    row: str
    header: Sequence[str]
    word: int | None = None
    text: int | None = None
    tag: int | None = None
    key: int | None = None
    bounds: tuple[int, int] | None = None

    @property
    def places(self) -> dict[str, int | None]:
        """The place of each part."""
        start, end = self.bounds or (None, None)
        parts = {"word": self.word, "text": self.text, "tag": self.tag, "key": self.key}
        return {**parts, "start": start, "end": end}


def find_form(header: Sequence[str], body: Body, *, options: FileOptions) -> Form:
    """The form of a table, by its header and its first rows."""
    if len(set(header)) < len(header):
        raise DataError(f"Two columns have one name: {', '.join(map(repr, header))}. Rename one.")
    word = find_column(header, options.word_column, known=WORD_NAMES)
    text = find_column(header, options.text_column, known=TEXT_NAMES)
    if word is None and text is None:
        raise DataError(
            f"No column of words or texts among {', '.join(map(repr, header))}. Expected one of"
            f" {', '.join(WORD_NAMES + TEXT_NAMES)}; or name yours (word_column, text_column)."
        )
    if word is not None and (text is None or options.text_column is None):
        form = _find_word_form(header, body, options, word)
        if form.row == "word" or form.tag is not None or text is None:
            return form
    return _find_text_form(header, body, options, text or 0)


def _find_word_form(header: Sequence[str], body: Body, options: FileOptions, word: int) -> Form:
    tag = find_column(header, options.tag_column, known=TAG_NAMES)
    _check_columns(header, word, tag, options)
    first = next((cells for _, cells in body() if cells), None)
    if first is not None and find_strings(first[word]) is not None:
        listed = tag is not None and find_strings(first[tag]) is not None
        if listed or tag is None or first[tag].strip().startswith("["):
            return Form("lists", header, word=word, tag=tag if listed else None)
    return Form("word", header, word=word, tag=tag, key=_find_key(header, body, (word, tag)))


def _check_columns(header: Sequence[str], word: int, tag: int | None, options: FileOptions) -> None:
    """Columns that were named, and can't be what they were named for."""
    if word == tag:
        raise DataError(f"The column {header[word]!r} can't hold both words and tags. Name another for one of them.")
    for what, wanted, at in (("words", options.word_column, word), ("tags", options.tag_column, tag)):
        if wanted is not None and at is not None and fold(header[at]) in {fold(name) for name in GROUP_NAMES}:
            rest = ", ".join(repr(name) for name in header if name != header[at])
            raise DataError(
                f"The column {header[at]!r}, named for the {what}, tells documents apart. Name another: {rest}."
            )


def _find_key(header: Sequence[str], body: Body, taken: tuple[int | None, ...]) -> int | None:
    """The column that tells documents apart. One that may as well number the rows must hold some value twice."""
    weak = {fold(name) for name in WEAK_NAMES}
    for at in find_all(header, GROUP_NAMES):
        if at not in taken and (fold(header[at]) not in weak or _carries_on(body(), at)):
            return at
    return None


def _carries_on(rows: Iterator[Cells], at: int) -> bool:
    """Some row has the value of the row before it, or none; or there is one row only."""
    last, count = None, 0
    for _, cells in rows:
        if cells and cells[at] in ("", last):
            return True
        count += bool(cells)
        last = cells[at] if cells else None
    return count == 1


def _find_text_form(header: Sequence[str], body: Body, options: FileOptions, text: int) -> Form:
    tag = find_column(header, options.tag_column, known=LABEL_NAMES)
    if tag == text:
        raise DataError(f"The column {header[text]!r} can't hold both texts and tags. Name another for one of them.")
    starts, ends = find_all(header, START_NAMES), find_all(header, END_NAMES)
    kind = find_column(header, options.tag_column, known=TYPE_NAMES)
    if starts and ends and kind is not None and not find_all(header, ("spans", "entities")):
        keys = [at for at in find_all(header, GROUP_NAMES) if at not in (text, kind)]
        return Form("span", header, text=text, tag=kind, key=next(iter(keys), None), bounds=(starts[0], ends[0]))
    if tag is not None and _finds_tags(body(), text, tag):
        return Form("tagged", header, text=text, tag=tag)
    return Form("text", header, text=text, tag=tag)


def _finds_tags(rows: Iterator[Cells], text: int, tag: int) -> bool:
    """The first cell with anything in it has a tag for each word. One plain word alone may as well judge the text."""
    first = next((cells for _, cells in rows if cells and cells[tag].strip() not in ("", "[]")), None)
    if first is None or (tags := find_tags(first[tag])) is None or len(tags) != len(first[text].split()):
        return False
    return len(tags) > 1 or split_tag(str(tags[0]))[0] != ""
