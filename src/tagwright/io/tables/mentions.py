"""Rows that are a span each, beside the text they lie in: gathered into rows of a text and its spans."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tagwright.errors import DataError
from tagwright.io.kind import join_faults
from tagwright.io.shapes.shape import Row
from tagwright.io.tables.columns import WEAK_NAMES, Cells, fold
from tagwright.io.tables.form import Form

SPAN_TEXT, SCORE = "span_text", "score"  # what a span covers, to be held against its offsets; how sure it is
OWN = frozenset(("start", "end", "label", "text", "score", "fragments", "type", "labels"))


def gather_spans(form: Form, rows: Iterable[Cells], *, path: Path) -> Iterator[tuple[int, Row]]:
    """The line and the row of each text, in the order of their first rows.

    Rows belong together by the key column, or by their text where there is none or it numbers the rows.
    """
    body = [(line, cells) for line, cells in rows if cells]
    text = form.text or 0
    key = text if form.key is None or _numbers_rows(form, body) else form.key
    groups: dict[str, list[Cells]] = {}
    for line, cells in body:
        group = groups.setdefault(cells[key] or cells[text], [])
        group.append((line, cells))
        if cells[text] != group[0][1][text]:
            reason = f"The text is not that of line {group[0][0]}, and both have {form.header[key]} {cells[key]!r}."
            raise DataError(reason, path=path, line=line)
    others = {name: at for at, name in enumerate(form.header) if at not in (text, form.tag, key, *(form.bounds or ()))}
    shared = {
        name
        for name, at in others.items()
        if name not in (SPAN_TEXT, SCORE) and all(len({c[at] for _, c in g}) == 1 for g in groups.values())
    }
    faults: list[DataError] = []
    for group in groups.values():
        line, first = group[0]
        row: Row = {name: first[at] for name, at in others.items() if name in shared and first[at]}
        own = {name: at for name, at in others.items() if name not in shared}
        row |= {"text": first[text], "spans": []}
        if key != text:
            row["id"] = first[key]
        for each in group:
            try:
                row["spans"] += _read_span(form, each, own, path)
            except DataError as error:
                faults.append(error)
        if not faults:
            yield line, row
    if faults:
        raise join_faults(faults)


def _numbers_rows(form: Form, body: Sequence[Cells]) -> bool:
    """The key may well be a number for each row: its name says no more, and some text has several."""
    if fold(form.header[form.key or 0]) not in map(fold, WEAK_NAMES):
        return False
    keys = {cells[form.key or 0] for _, cells in body}
    texts = {cells[form.text or 0] for _, cells in body}
    return len(keys) == len(body) > len(texts)


def _read_span(form: Form, row: Cells, own: dict[str, int], path: Path) -> list[Row]:
    """The span of a row; none where start, end and label are all empty."""
    line, cells = row
    values = [cells[at].strip().removesuffix(".0") for at in form.bounds or ()]
    label, text, size = cells[form.tag or 0].strip(), form.header[form.text or 0], len(cells[form.text or 0])
    if not label and not any(values):
        return []
    if not label or not all(value.isdecimal() for value in values):
        reason = f"start, end and label are {', '.join(map(ascii, (*values, label)))}; two numbers and a name expected."
        raise DataError(reason, path=path, line=line)
    start, end = map(int, values)
    if not start < end <= size:
        raise DataError(
            f"Characters {start} to {end} are no part of the text, which has {size}. Start and end (exclusive)"
            f" count characters of the column {text!r}, which must hold the whole text.",
            path=path,
            line=line,
        )
    item: Row = {"start": start, "end": end, "label": label}
    for name, at in own.items():
        if not cells[at]:
            continue
        if name == SPAN_TEXT:
            item["text"] = cells[at]
        elif name == SCORE and (score := _find_number(cells[at])) is not None:
            item["score"] = score
        else:
            item[f"column {name}" if name in OWN else name] = cells[at]
    return [item]


def _find_number(cell: str) -> float | None:
    with suppress(ValueError):
        return float(cell)
    return None
