"""The names that columns usually have, and where they are in a header. Knows nothing of what stands in cells."""

import re
from collections.abc import Iterable, Sequence

from tagwright.errors import DataError

FINE_NAMES = ("sentence #", "sentence_id", "sent_id", "sentence_idx", "sentence_no", "sentence", "sent")
COARSE_NAMES = ("document_id", "document", "doc_id", "doc", "example_id", "example", "text_id", "article_id", "file")
WEAK_NAMES = ("id", "line_id", "line_no", "line")  # these may as well number the rows
GROUP_NAMES = (*FINE_NAMES, *COARSE_NAMES, *WEAK_NAMES)
WORD_NAMES = ("word", "token", "words", "tokens")
TAG_NAMES = ("tag", "ner_tag", "ner_tags", "ner", "iob", "bio", "label", "tags", "labels")
TEXT_NAMES = ("text", "content", "sentence")
LABEL_NAMES = ("spans", "entities", "annotations", "annotation", "labels", "label", *TAG_NAMES)  # of a whole text
START_NAMES = ("start", "start_offset", "start_char", "begin")
END_NAMES = ("end", "end_offset", "end_char", "stop")
TYPE_NAMES = ("label", "type", "tag", "entity", "entity_type", "category", "ner", "labels")

Cells = tuple[int, list[str]]  # the line, and the cells of a row; no cells: a blank line


def fold(name: str) -> str:
    """A column's name without what people write differently: "Sentence #" -> "sentence", "doc_id" -> "docid"."""
    return re.sub(r"[\s_.#-]+", "", name).lower() or name


def find_all(header: Sequence[str], known: Iterable[str]) -> list[int]:
    """The places of the columns with these names, in the order of the names."""
    folded = [fold(name) for name in header]
    return list(dict.fromkeys(folded.index(fold(name)) for name in known if fold(name) in folded))


def find_column(header: Sequence[str], wanted: int | str | None, *, known: Iterable[str]) -> int | None:
    """The place of a column: the one asked for, or the first with a usual name."""
    if wanted is None:
        return next(iter(find_all(header, known)), None)
    if isinstance(wanted, str) and wanted in header:
        return header.index(wanted)
    if str(wanted).removeprefix("-").isdecimal() and -len(header) <= int(wanted) < len(header):
        return int(wanted) % len(header)
    raise DataError(f"No column {wanted!r}. The file has {', '.join(map(repr, header))}.")
