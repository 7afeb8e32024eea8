"""Rows that list words: with tags, with entities and relations, with predicates, or as GLiNER has them.

Offsets count words. Where the row has its text too, and the words line up with it, the text is original.
"""

from collections.abc import Iterable
from typing import Any

from tagwright.errors import DataError
from tagwright.io.shapes.shape import (
    EXTRAS,
    Row,
    Shape,
    align,
    read_fields,
    read_turns,
    show,
    take_bounds,
    take_index,
    take_record,
    take_rows,
    take_strings,
    take_text,
    write_dialogue,
)
from tagwright.io.shapes.spans import SpanReader, place_words, read_extras, write_relations
from tagwright.io.shapes.tags import TagReader, check_lengths, write_tags
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Chars, Span

TAG_KEYS = ("ner_tags", "tags", "ner", "labels", "pos_tags", "upos", "pos", "chunk_tags")
WORD_KEYS = ("tokens", "words", "tokenized_text")
FLAT = frozenset(("spans", "nested", "joined", "group", "meta", "words"))


class WordShape(Shape):
    """What the rows of words share."""

    def _read_words(self, row: Row, where: str) -> tuple[list[str], dict[str, Any]]:
        """The words, and text and offsets for a document."""
        key = next((key for key in WORD_KEYS if key in row), "tokens")
        words = take_strings(row, key)
        plain = Document.from_words(words)
        if "text" in row:
            text = take_text(row, "text")
            if (offsets := align(words, text)) is not None:
                return words, {"text": text, "offsets": offsets}
            self.ledger.note("text that its words don't line up with; the words joined by blanks stand for it", where)
        return words, {"text": plain.text, "offsets": plain.offsets, "text_is_original": False}

    def _write_words(self, document: Document, key: str = "tokens") -> Row:
        row: Row = {key: list(document.words)}
        if document.text_is_original:
            row["text"] = document.text
            if align(document.words, document.text) != document.offsets:
                self.ledger.note("original text that its words don't cover", document.id)
                del row["text"]
        return row


class EntityShape(WordShape):
    """`tokens`, `entities` [{type, start, end}] and `relations` [{type, head, tail}]: ours for files of words."""

    keys = frozenset(("tokens", "words", "text", "entities", "relations", "turns", "fields", *EXTRAS))

    @classmethod
    def matches(cls, row: Row) -> bool:
        if not ("tokens" in row or "words" in row):
            return False
        return "entities" in row or not ("text" in row or TagShape.find_key(row, None))

    def read(self, row: Row, *, name: str, where: str) -> Document:
        words, body = self._read_words(row, where)
        reader = SpanReader(len(words), len(body["text"]), place_words, self.ledger, where)
        reader.read(take_rows(row, "entities"), "entities")
        edges, extras = reader.read_relations(take_rows(row, "relations"))
        rest = self.read_rest(row, name=name)
        rest["meta"] |= {**reader.pack(), **extras}
        turns, fields = read_turns(row, len(words)), read_fields(row)
        return Document(**body, spans=tuple(reader.spans), relations=tuple(edges), turns=turns, fields=fields, **rest)

    def write(self, document: Document) -> Row:
        extras = read_extras(document, "span_extras")
        row = self._write_words(document)
        row["entities"] = []
        exact = "text" in row or not document.text_is_original
        for span in document.spans:
            entity: Row = {"type": span.label, "start": span.start, "end": span.end}
            if span.fragments and exact:
                entity["fragments"] = [list(fragment) for fragment in span.fragments]
            elif span.fragments:
                self.ledger.note("exact borders of a span, which count characters of the text", document.id)
            if span.score is not None:
                entity["score"] = float(span.score)
            row["entities"].append({**entity, **extras.take((*span.bounds, span.label))})
        return {**row, "relations": write_relations(document, "type"), **write_dialogue(document)}


class TagShape(WordShape):
    """`tokens` and one list of tags (`ner_tags`, ...): strings, or integers that `label_names` names."""

    keys = frozenset(("tokens", "words", "text"))
    holds = FLAT | {"text"}
    reader: TagReader | None = None  # set by who has seen the whole file

    @classmethod
    def matches(cls, row: Row) -> bool:
        return ("tokens" in row or "words" in row) and cls.find_key(row, None) != ""

    @staticmethod
    def find_key(row: Row, wanted: int | str | None) -> str:
        """The key of the tags: the one asked for, or the first of the usual ones."""
        if isinstance(wanted, str):
            return wanted
        return next((key for key in TAG_KEYS if _holds_tags(row, key)), "")

    def take_tags(self, row: Row) -> list[str]:
        """The row's tags as strings."""
        key = self.find_key(row, self.options.tag_column)
        tags = take_rows(row, key)
        names = self.options.label_names
        if not any(isinstance(tag, int) for tag in tags):
            return take_strings(row, key)
        if names is None:
            raise DataError(
                f"{key!r} holds numbers. Say which tags they stand for, in order from 0: "
                '--label-names O,B-PER,... (of train --set \'data.label_names=["O", "B-PER", ...]\').'
            )
        return [names[take_index(tag, f"{key}[{at}]", limit=len(names) - 1)] for at, tag in enumerate(tags)]

    def read(self, row: Row, *, name: str, where: str) -> Document:
        words, body = self._read_words(row, where)
        tags = self.take_tags(row)
        check_lengths(words, tags)
        reader = self.reader or TagReader.for_file([tags], self.ledger, scheme=self.options.scheme)
        spans = reader.read(tags, lambda at: f"{where} word {at}")
        used = self.find_key(row, self.options.tag_column)
        return Document(**body, spans=spans, **self.read_rest(row, name=name, used=used))

    def write(self, document: Document) -> Row:
        key = self.find_key({}, self.options.tag_column) or "ner_tags"
        return {**self._write_words(document), key: write_tags(document, self.ledger, scheme=self.options.scheme)}


class GlinerShape(WordShape):
    """`tokenized_text` and `ner` [[start, end, label]], where the end is the last word itself."""

    keys = frozenset(("tokenized_text", "ner", "text"))
    holds = FLAT | {"text"}

    @classmethod
    def matches(cls, row: Row) -> bool:
        return "tokenized_text" in row or ("tokens" in row and _holds_lists(row.get("ner")))

    def read(self, row: Row, *, name: str, where: str) -> Document:
        words, body = self._read_words(row, where)
        spans = []
        for at, item in enumerate(take_rows(row, "ner")):
            if not isinstance(item, list) or len(item) != 3 or not isinstance(item[2], str):
                raise DataError(f"ner[{at}] is {show(item)}, and [first word, last word, label] was expected.")
            last = item[1] + 1 if type(item[1]) is int else item[1]
            spans.append(Span(*take_bounds(item[0], last, what=f"ner[{at}]", limit=len(words)), item[2]))
        return Document(**body, spans=tuple(spans), **self.read_rest(row, name=name, used="tokens"))

    def write(self, document: Document) -> Row:
        ner = [[span.start, span.end - 1, span.label] for span in document.spans]
        return {**self._write_words(document, "tokenized_text"), "ner": ner}


class PredicateShape(WordShape):
    """`tokens` and `predicates` [{start, end, sense, arguments: [[role, start, end]]}]: semantic roles.

    A predicate is a span labelled by its sense; an argument is a span labelled "", one for equal bounds.
    """

    keys = frozenset(("tokens", "words", "text", "predicates", *EXTRAS))
    holds = FLAT | {"text", "relations"}

    @classmethod
    def matches(cls, row: Row) -> bool:
        return ("tokens" in row or "words" in row) and "predicates" in row

    def read(self, row: Row, *, name: str, where: str) -> Document:
        words, body = self._read_words(row, where)
        reader = SpanReader(len(words), len(body["text"]), place_words, self.ledger, where)
        edges: list[Relation] = []
        arguments: dict[Chars, int] = {}
        for at, item in enumerate(take_rows(row, "predicates")):
            predicate = take_record(item, f"predicates[{at}]")
            if not take_text(predicate, "sense"):
                raise DataError(f"predicates[{at}] has no sense. Write V where none is known.")
            rest = {key: value for key, value in predicate.items() if key not in ("sense", "arguments")}
            reader.read([{**rest, "label": predicate["sense"]}], f"predicates[{at}], item ")
            head = len(reader.spans) - 1
            for role, bounds in _take_arguments(predicate, len(words)):
                if bounds not in arguments:
                    arguments[bounds] = len(reader.spans)
                    reader.spans.append(Span(*bounds))
                    reader.extras.append({})
                edges.append(Relation(head, arguments[bounds], role))
        rest = self.read_rest(row, name=name)
        rest["meta"] |= reader.pack()
        return Document(**body, spans=tuple(reader.spans), relations=tuple(edges), **rest)

    def write(self, document: Document) -> Row:
        extras = read_extras(document, "span_extras")
        predicates: dict[int, Row] = {}
        for at, span in enumerate(document.spans):
            if span.label:
                extra = extras.take((*span.bounds, span.label))
                predicates[at] = {"start": span.start, "end": span.end, "sense": span.label, "arguments": [], **extra}
        for edge in document.relations:
            tail = document.spans[edge.tail]
            if tail.label:
                self.ledger.note("label of an argument", f"{document.id} {tail.label}")
            if edge.head in predicates:
                predicates[edge.head]["arguments"].append([edge.label, tail.start, tail.end])
            else:
                self.ledger.note("relation from a span that has no label", f"{document.id} {edge.label}")
        self._note_unreached(document)
        return {**self._write_words(document), "predicates": list(predicates.values())}

    def _note_unreached(self, document: Document) -> None:
        reached = {edge.tail for edge in document.relations}
        lonely = [at for at, span in enumerate(document.spans) if not span.label and at not in reached]
        if lonely:
            self.ledger.note("argument that no predicate has", document.id, count=len(lonely))


def _holds_tags(row: Row, key: str) -> bool:
    tags = row.get(key)
    return isinstance(tags, list) and not _holds_lists(tags) and bool(tags or "text" not in row)


def _holds_lists(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, list | dict) for item in value)


def _take_arguments(predicate: Row, words: int) -> Iterable[tuple[str, Chars]]:
    for at, item in enumerate(take_rows(predicate, "arguments")):
        if not isinstance(item, list) or len(item) != 3 or not isinstance(item[0], str):
            raise DataError(f"arguments[{at}] is {show(item)}, and [role, start, end] was expected.")
        yield item[0], take_bounds(item[1], item[2], what=f"arguments[{at}] ({item[0]})", limit=words)
