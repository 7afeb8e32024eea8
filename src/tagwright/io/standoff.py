"""brat standoff: NAME.txt and NAME.ann side by side, or a folder of them.

Ids and everything that isn't a span, a relation or an event (attributes, notes, ...) are kept in meta and
written back while the ids they name still stand. Words are split from the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from tagwright.errors import DataError
from tagwright.io.kind import PARTS, FileKind, located, note_losses
from tagwright.io.shapes.shape import EXTRAS, Row, pack_extras
from tagwright.io.shapes.spans import read_extras
from tagwright.io.source import read_text, scan_lines, write_text
from tagwright.text.document import Document, place_span
from tagwright.text.relation import Relation
from tagwright.text.span import Chars, Span
from tagwright.text.words import split_words

LINE_KEY = "brat"
UNSAFE = re.compile(r"[^\w.-]+")


@dataclass
class Annotations:
    """One .ann file as it is read. Spans, relations and events are known by their ids."""

    spans: dict[str, tuple[Span, Row]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # ids of spans that touch no word
    relations: list[tuple[int, str, str, str, Row]] = field(default_factory=list)  # line, head, tail, label, extra
    triggers: dict[str, tuple[str, int]] = field(default_factory=dict)  # event -> span, line
    others: list[str] = field(default_factory=list)


class Standoff(FileKind):
    """A pair of files, or a folder of pairs (and folders); ids are the names within the folder."""

    suffixes: ClassVar[tuple[str, ...]] = (".ann",)
    holds: ClassVar[frozenset[str]] = PARTS - {"joined", "turns", "fields", "scores", "words", "group", "meta"}
    looks = "texts (.txt) with annotations (.ann) beside them"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        if path.is_dir():
            return next(path.rglob("*.ann"), None) is not None
        return path.suffix == ".txt" and path.with_suffix(".ann").exists()

    def scan(self, path: Path) -> Iterator[Document]:
        if not path.is_dir():
            yield self._read_pair(path.with_suffix(".txt"), path.with_suffix(".ann"), path.stem)
            return
        texts = sorted(path.rglob("*.txt"))
        for lonely in sorted(set(path.rglob("*.ann")) - {text.with_suffix(".ann") for text in texts}):
            raise DataError(f"There is no text beside it: {lonely.with_suffix('.txt').name} is missing.", path=lonely)
        for text in texts:
            name = text.relative_to(path).with_suffix("").as_posix()
            yield self._read_pair(text, text.with_suffix(".ann"), name)

    def _read_pair(self, source: Path, notes: Path, name: str) -> Document:
        text = read_text(source, self.options.encoding)
        offsets = split_words(text)
        found = Annotations()
        if notes.exists():
            for number, line in scan_lines(notes, self.options.encoding):
                with located(notes, number):
                    self._read_line(line, number, found, text, offsets)
        edges, extras = self._join(found, notes)
        spans = [span for span, _ in found.spans.values()]
        packed = {
            "span_extras": pack_extras(
                ((*span.bounds, span.label) for span in spans), [extra for _, extra in found.spans.values()]
            ),
            "relation_extras": pack_extras(((edge.head, edge.tail, edge.label) for edge in edges), extras),
            LINE_KEY: found.others,
        }
        meta = {key: value for key, value in packed.items() if value}
        with located(source):
            return Document(text, offsets, tuple(spans), tuple(edges), id=name, meta=meta)

    def _read_line(self, line: str, number: int, found: Annotations, text: str, offsets: tuple[Chars, ...]) -> None:
        if not line.strip():
            return
        identifier, _, rest = line.partition("\t")
        kind = identifier[:1]
        if kind in "TRE" and (identifier in found.spans or identifier in found.lost or identifier in found.triggers):
            raise DataError(f"The id {identifier} stands twice. Give one of them another.")
        if kind == "T":
            self._read_span(identifier, rest, found, text, offsets)
        elif kind == "R":
            label, (_, head), (_, tail) = _take_arguments(rest, exactly=2)
            names = [part.partition(":")[0] for part in rest.split()[1:]]
            extra: Row = {"id": identifier} | ({} if names == ["Arg1", "Arg2"] else {"names": names})
            found.relations.append((number, head, tail, label, extra))
        elif kind == "E":
            (_, trigger), *arguments = _split_pairs(rest)
            found.triggers[identifier] = trigger, number
            for role, tail in arguments:
                found.relations.append((number, identifier, tail, role, {"event": identifier}))
        elif kind in "AMN#*":
            found.others.append(line)
        else:
            raise DataError(f"{line[:40]!a} is no annotation. Lines begin with T, R, E, A, M, N, # or *.")

    def _read_span(self, identifier: str, rest: str, found: Annotations, text: str, offsets: tuple[Chars, ...]) -> None:
        head, _, stated = rest.partition("\t")
        label, _, places = head.partition(" ")
        pieces = []
        for place in places.split(";"):
            match = re.fullmatch(r"\s*([0-9]{1,12})\s+([0-9]{1,12})\s*", place)
            if not label or match is None:
                raise DataError(f"{head[:40]!a} was found, and a label, a start and an end were expected.")
            start, end = int(match[1]), int(match[2])
            if not start < end <= len(text):
                raise DataError(f"{identifier} is [{start}, {end}), empty or beyond the text's {len(text)} characters.")
            pieces.append((start, end))
        span = place_span(offsets, pieces, label=label)
        if stated.split() != " ".join(text[start:end] for start, end in pieces).split():
            self.ledger.note("span whose stated text is not what stands at its offsets", identifier)
        if span is None:
            self.ledger.note("span that touches no word", f"{identifier} {label}")
            found.lost.add(identifier)
        else:
            found.spans[identifier] = span, {"id": identifier}

    def _join(self, found: Annotations, notes: Path) -> tuple[list[Relation], list[Row]]:
        """Relations between the spans' places; an event stands for its trigger."""
        place = {identifier: at for at, identifier in enumerate(found.spans)}
        for event, (trigger, line) in found.triggers.items():
            if trigger in found.spans:
                found.spans[trigger][1].setdefault("events", []).append(event)
            elif trigger not in found.lost:
                raise DataError(f"{event} names {trigger}, which is no span.", path=notes, line=line)
        edges, extras = [], []
        for line, head, tail, label, extra in found.relations:
            ends = [found.triggers.get(end, (end, 0))[0] for end in (head, tail)]
            if lost := [end for end in ends if end not in place]:
                if lost[0] not in found.lost:
                    raise DataError(f"{lost[0]} is named here and is no span.", path=notes, line=line)
                self.ledger.note("relation of a span that touches no word", f"{notes.name}:{line}")
                continue
            if tail in found.triggers:
                extra = {**extra, "to": tail}
            if head in found.triggers and "event" not in extra:
                extra = {**extra, "from": head}
            edges.append(Relation(place[ends[0]], place[ends[1]], label))
            extras.append(extra)
        return edges, extras

    def write(self, documents: Iterable[Document], path: Path) -> int:
        """A pair of files where the path ends in .txt or .ann, else a folder of pairs."""
        single = path.suffix in (".txt", ".ann")
        count, used = 0, set[str]()
        for document in documents:
            note_losses(document, self.ledger, holds=self.holds | {"meta"})
            if single and count:
                raise DataError("A pair of files holds one document, and there are more. Name a folder.", path=path)
            base = path.with_suffix("") if single else path / self._name(document, count, used)
            self._write_pair(document, base)
            count += 1
        return count

    def _name(self, document: Document, count: int, used: set[str]) -> str:
        """A file name for the document: its id, where that can be one."""
        parts = [UNSAFE.sub("_", part).strip(".") for part in document.id.split("/")]
        name = "/".join(part for part in parts if part)[:200] or f"document_{count + 1}"
        while name.lower() in used:
            name += f"_{count + 1}"
        if name != document.id:
            self.ledger.note("document id that is no free file name", f"{document.id} written as {name}")
        used.add(name.lower())
        return name

    def _write_pair(self, document: Document, base: Path) -> None:
        lines = self._make_lines(document)
        try:
            base.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"Can't be written: {error.strerror or error}.", path=base.parent) from error
        with write_text(base.with_name(base.name + ".txt"), self.options.encoding) as text:
            text.write(document.text)
        with write_text(base.with_name(base.name + ".ann"), self.options.encoding) as text:
            text.writelines(line + "\n" for line in lines)

    def _make_lines(self, document: Document) -> list[str]:
        writer = _Writer(self, document)
        lines = [writer.write_span(at) for at in range(len(document.spans))]
        lines += writer.write_edges()
        written = {line.partition("\t")[0] for line in lines}
        for key, value in document.meta.items():
            if key == LINE_KEY and isinstance(value, list):
                lines += writer.keep_others(value, written)
            elif key not in EXTRAS:
                self.ledger.note(f"extra {key!r}", document.id)
        return lines


class _Writer:
    """The lines of one .ann file. Ids are those that were read where they are there and free, else new ones."""

    def __init__(self, kind: Standoff, document: Document) -> None:
        self.kind, self.document = kind, document
        extras = read_extras(document, "span_extras")
        self.spans = [extras.take((*span.bounds, span.label)) for span in document.spans]
        edges = read_extras(document, "relation_extras")
        self.edges = [edges.take((edge.head, edge.tail, edge.label)) for edge in document.relations]
        self.ids = _choose_ids("T", self.spans)
        self.events = {
            event: at
            for at, extra in enumerate(self.spans)
            for event in _strings(extra.get("events"))
            if re.fullmatch("E[0-9]+", event)
        }

    def write_span(self, at: int) -> str:
        """T1, label, offsets, text."""
        span = self.document.spans[at]
        pieces = span.fragments or (self.document.find_chars(span),)
        places = ";".join(f"{start} {end}" for start, end in pieces)
        stated = re.sub(r"[\t\r\n]", " ", self.document.cut(span))
        return f"{self.ids[at]}\t{self._clean(span.label)} {places}\t{stated}"

    def write_edges(self) -> Iterator[str]:
        """R lines, and an E line for each event with its arguments."""
        arguments: dict[str, list[str]] = {event: [] for event in self.events}
        numbers = iter(_choose_ids("R", self.edges))
        for edge, extra, number in zip(self.document.relations, self.edges, numbers, strict=True):
            head, tail = self._point(edge.head, extra.get("from")), self._point(edge.tail, extra.get("to"))
            label, event = self._clean(edge.label), extra.get("event")
            if isinstance(event, str) and self.events.get(event) == edge.head:
                arguments[event].append(f"{label}:{tail}")
                continue
            names = _strings(extra.get("names"))
            first, second = names if len(names) == 2 else ("Arg1", "Arg2")
            yield f"{number}\t{label} {first}:{head} {second}:{tail}"
        for event, at in self.events.items():
            trigger = f"{self._clean(self.document.spans[at].label)}:{self.ids[at]}"
            yield f"{event}\t{' '.join([trigger, *arguments[event]])}"

    def _point(self, at: int, event: object) -> str:
        return event if isinstance(event, str) and self.events.get(event) == at else self.ids[at]

    def _clean(self, label: str) -> str:
        """A label that brat's lines can hold: no blanks, and not empty."""
        clean = re.sub(r"\s", "_", label) or "_"
        if clean != label:
            reason = "label that is empty or has blanks, written with _"
            self.kind.ledger.note(reason, f"{self.document.id} {label!r}")
        return clean

    def keep_others(self, lines: list[Any], written: set[str]) -> Iterator[str]:
        """Attributes, notes and the like whose ids are still there."""
        for line in _strings(lines):
            fields = line.split("\t")
            written.add(fields[0])
            named = re.findall(r"\b[TREAMN][0-9]+\b", fields[1] if len(fields) > 1 else "")
            if set(named) <= written:
                yield line
            else:
                self.kind.ledger.note(
                    "line about annotations that are no longer there", f"{self.document.id} {line[:60]}"
                )


def _strings(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _choose_ids(letter: str, extras: list[Row]) -> list[str]:
    """The ids that were read, where they are of this kind, and new ones for the rest."""
    kept: list[str | None] = []
    for extra in extras:
        name = extra.get("id")
        fits = isinstance(name, str) and re.fullmatch(letter + "[0-9]+", name) and name not in kept
        kept.append(name if fits else None)
    used, number, chosen = set(kept), 0, []
    for name in kept:
        while name is None:
            number += 1
            name = None if f"{letter}{number}" in used else f"{letter}{number}"
        chosen.append(name)
    return chosen


def _split_pairs(rest: str) -> list[tuple[str, str]]:
    """`Name:ID` pairs parted by blanks."""
    pairs = []
    for part in rest.split():
        name, mark, identifier = part.rpartition(":")
        if not (name and mark and identifier):
            raise DataError(f"{part[:40]!a} was found, and name:id was expected.")
        pairs.append((name, identifier))
    if not pairs:
        raise DataError("The event has no trigger. Expected label:id, then role:id for each argument.")
    return pairs


def _take_arguments(rest: str, *, exactly: int) -> tuple[str, tuple[str, str], tuple[str, str]]:
    label, _, arguments = rest.strip().partition(" ")
    pairs = _split_pairs(arguments)
    if len(pairs) != exactly or not label:
        raise DataError(f"{rest[:40]!a} was found, and a label and two arguments were expected.")
    return label, pairs[0], pairs[1]
