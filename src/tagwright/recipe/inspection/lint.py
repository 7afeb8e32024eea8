"""Lint: what in labelled data is wrong, or likely to be, before a model learns it. Mends nothing, knows no model.

Findings go into one ledger for each topic: `reading` (from the file's reader), `documents`, `spans`, `labels`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from os.path import commonprefix
from unicodedata import category

from tagwright.text.document import Document
from tagwright.text.labels import collect_labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import split_tag
from tagwright.text.span import Span, find_flat

Parts = Mapping[str, Sequence[Document]]
TRAIN = "train"
RARE = 5  # spans; with fewer a label is learned by chance
OFTEN, FEW = 20, 5  # times as frequent is "much"; places shown of one label
LONG_WORD = 100  # characters
SHOWN = 40  # characters of a text
MOJIBAKE = re.compile("[ÂÃâ][\u0080-\u00bf€™œ]")  # UTF-8 read as Latin-1 or Windows-1252
SPACED = re.compile(r"^\s|\s$")


def lint(parts: Parts) -> dict[str, Ledger]:
    """Everything that looks wrong in `train` and, where given, `dev` and `test`, by topic."""
    documents, spans, labels = Ledger(), Ledger(), Ledger()
    for name, part in parts.items():
        _check_ids(part, documents)
        _check_duplicates(part, documents, name=name)
        marks = _find_punctuation_labels(part)
        for document in part:
            _check_text(document, documents)
            _check_spans(document, spans, marks=marks)
    if TRAIN in parts:
        _check_leakage(parts, documents)
        _check_unseen(parts, labels)
    _check_labels(parts, labels)
    _check_bare(parts, labels)
    return {"documents": documents, "spans": spans, "labels": labels}


def _show(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")


def _check_ids(documents: Sequence[Document], ledger: Ledger) -> None:
    for name, count in Counter(document.id for document in documents if document.id).items():
        if count > 1:
            ledger.note("id that several documents have", f"{name} ({count} times)")


def _check_duplicates(documents: Sequence[Document], ledger: Ledger, *, name: str) -> None:
    """The same words twice in one part; worse, with different labels."""
    seen: dict[tuple[str, ...], Document] = {}
    for document in documents:
        if not document.words:
            continue
        first = seen.setdefault(document.words, document)
        if first is document:
            continue
        same = set(first.spans) == set(document.spans)
        reason = f"{name} document that repeats another word for word" + ("" if same else ", with other spans")
        ledger.note(reason, f"{document.id} and {first.id}: {_show(document.text)}")


def _check_leakage(parts: Parts, ledger: Ledger) -> None:
    """The same words in two parts: scores on the second would flatter."""
    places = {name: {d.words: d.id for d in part if d.words} for name, part in parts.items()}
    for name, other in combinations(parts, 2):
        for document in parts[other]:
            if document.words in places[name]:
                where = f"{document.id} = {places[name][document.words]}: {_show(document.text)}"
                ledger.note(f"{other} document that stands in {name} too, word for word: scores will flatter", where)


def _check_text(document: Document, ledger: Ledger) -> None:
    if not document.words:
        ledger.note("document without words: it can't be labelled", document.id)
    if "\ufffd" in document.text:
        ledger.note("document with U+FFFD: characters were lost before the file was written", document.id)
    if found := MOJIBAKE.search(document.text):
        around = document.text[max(0, found.start() - 10) : found.end() + 10]
        ledger.note("text that looks decoded wrongly; check the encoding", f"{document.id} {_show(around)}")
    for word in document.words:
        if len(word) > LONG_WORD and "://" not in word:
            ledger.note(f"word of more than {LONG_WORD} characters", f"{document.id} {_show(word)}")


def _check_spans(document: Document, ledger: Ledger, *, marks: set[str]) -> None:
    for reason, span in (*_find_overlaps(document), *_find_odd_borders(document), *_find_marks(document, marks)):
        ledger.note(reason, f"{document.id} {_show(document.cut(span))} {span.label}")


def _find_overlaps(document: Document) -> Iterator[tuple[str, Span]]:
    """The spans that heads with one tag a word leave out, each with how it lies to one that is kept."""
    kept, left_out = find_flat(document.spans)
    for span in left_out:
        other = next(one for one in kept if one.overlaps(span))
        if span.bounds == other.bounds:
            how = "twice with one label" if span.label == other.label else "with a second label"
            yield f"span {how}; a head with one tag a word keeps one", span
        else:
            how = "crosses" if span.crosses(other) else "lies within"
            yield f"span that {how} another; a head with one tag a word leaves it out", span


def _find_odd_borders(document: Document) -> Iterator[tuple[str, Span]]:
    for span in document.spans:
        pieces = span.fragments
        if len(pieces) > 1:
            yield "span with gaps; a tagger labels all words from its first to its last", span
        elif pieces:
            if SPACED.search(document.text[pieces[0][0] : pieces[0][1]]):
                yield "span that begins or ends with white space", span
            if _cuts_word(document, span):
                yield "span that begins or ends inside a word; a tagger labels the whole word", span


def _find_marks(document: Document, marks: set[str]) -> Iterator[tuple[str, Span]]:
    """Stray punctuation; `marks` are the labels that are made for it, as in part-of-speech tagging."""
    for span in document.spans:
        words = document.words[span.start : span.end]
        if span.label in marks:
            continue
        if all(map(_is_punctuation, words)):
            yield "span of nothing but punctuation", span
        elif words[-1] in tuple(",;:!?") or words[0] in tuple(",;:.!?"):
            yield "span that begins or ends with punctuation", span


def _find_punctuation_labels(documents: Sequence[Document]) -> set[str]:
    """The labels most of whose spans are punctuation."""
    lean: Counter[str] = Counter()
    for document in documents:
        for span in document.spans:
            lean[span.label] += 1 if all(map(_is_punctuation, document.words[span.start : span.end])) else -1
    return {label for label, balance in lean.items() if balance > 0}


def _cuts_word(document: Document, span: Span) -> bool:
    """A letter of its first or last word is left outside the span."""
    (start, end), (first, last) = (
        span.fragments[0],
        (document.offsets[span.start][0], document.offsets[span.end - 1][1]),
    )
    return start > first or end < last


def _is_punctuation(word: str) -> bool:
    return bool(word) and all(category(character).startswith("P") for character in word)


def _check_unseen(parts: Parts, ledger: Ledger) -> None:
    known = collect_labels(parts[TRAIN])
    for name, part in parts.items():
        for label, count in collect_labels(part).items():
            if label not in known:
                ledger.note(f"label in {name} that train lacks: none of its spans can be found", f"{label} ({count})")


def _check_labels(parts: Parts, ledger: Ledger) -> None:
    counts: Counter[str] = sum((collect_labels(part) for part in parts.values()), Counter())
    for label in sorted(counts):
        for reason, is_so in LABEL_FAULTS.items():
            if is_so(label):
                ledger.note(reason, f"{label!r} ({counts[label]} spans)")
    alike = defaultdict(list)
    for label in sorted(counts):
        alike[re.sub(r"[\W_]+", "", label).casefold() or label].append(label)
    for labels in alike.values():
        if len(labels) > 1:
            shown = " and ".join(f"{label!r} ({counts[label]})" for label in labels)
            ledger.note("labels that differ only in case or punctuation: probably one", shown)
    for label, near in _find_typos(counts):
        places = [
            f"{d.id} {_show(d.cut(span))}" for p in parts.values() for d in p for span in d.spans if span.label == label
        ]
        shown = "; ".join(places[:FEW]) + ("; ..." if len(places) > FEW else "")
        ledger.note(
            "label that is probably a slip for a frequent one",
            f"{label} ({counts[label]}) for {near} ({counts[near]}): {shown}",
        )
    for label, count in sorted(collect_labels(parts.get(TRAIN, ())).items(), key=lambda item: item[1]):
        if count < RARE:
            ledger.note(
                f"label with fewer than {RARE} training spans: too few to learn or to score", f"{label} ({count})"
            )


def _check_bare(parts: Parts, ledger: Ledger) -> None:
    """A part with nothing labelled: most likely it was read by a wrong column, or as a wrong kind."""
    for name, part in parts.items():
        if part and not any(document.spans or document.relations or document.fields for document in part):
            reason = f"{name} in which nothing is labelled: look at the column of the tags, or the kind of the file"
            ledger.note(reason, f"{len(part):,} documents")


def _find_typos(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The rare labels that one slip of the pen makes of a frequent one, and that one. Short labels are all alike."""
    for label in sorted(counts):
        frequent = (other for other in counts if counts[other] >= OFTEN * counts[label] and _is_slip(label, other))
        if len(label) > 2 and (near := max(frequent, key=lambda other: counts[other], default=None)) is not None:
            yield label, near


def _is_slip(label: str, other: str) -> bool:
    """One character changed, added or left out, or two swapped. Numbers count things; case is another finding."""
    label, other = label.casefold(), other.casefold()
    if label == other:
        return False
    start = len(commonprefix((label, other)))
    label, other = label[start:], other[start:]
    end = len(commonprefix((label[::-1], other[::-1])))
    label, other = label[: len(label) - end], other[: len(other) - end]
    if any(character.isdecimal() for character in label + other):
        return False
    return max(len(label), len(other)) == 1 or (len(label) == 2 and label == other[::-1])


LABEL_FAULTS: Mapping[str, Callable[[str], bool]] = {
    "label that looks like a tag: was the scheme read wrongly?": lambda label: (
        split_tag(label)[0] in ("B", "I", "E", "S", "O") or re.match(r"[LUMW]-.", label) is not None
    ),
    "label with white space around it": lambda label: label != label.strip(),
}
