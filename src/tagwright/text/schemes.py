"""Schemes: spans to tags and back (IO, IOB1, BIO, BIOES, WORD), and which scheme a file is in.

Knows nothing of files or models. A scheme is stateless: the entries of `SCHEMES` are ready to use.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tagwright.errors import SchemeError
from tagwright.registry import Table
from tagwright.text.span import Span, find_flat

OUTSIDE = "O"
ALIASES = {"IOB2": "BIO", "IOB": "BIO", "IOBES": "BIOES", "BILOU": "BIOES", "BMEWO": "BIOES", "BMES": "BIOES"}
LETTERS = {"L": "E", "U": "S", "M": "I", "W": "S"}  # BILOU's and BMEWO's letters -> BIOES's
Tag = tuple[str, str]
Pairs = Counter[tuple[str | None, str | None]]  # neighbouring tags, None at the edges


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> Tag:
    """A tag's prefix and label, split at the first "-" only: "B-creative-work" -> ("B", "creative-work").

    "O" -> ("O", ""); a bare "B" -> ("B", ""); a plain tag has no prefix: "NOUN" -> ("", "NOUN").
    """
    if tag in ("O", "B", "I", "E", "S"):
        return tag, ""
    if len(tag) > 1 and tag[0] in "BIES" and tag[1] == "-":
        return tag[0], tag[2:]
    return "", tag


def _continues(before: Tag, tag: Tag) -> bool:
    """The tag carries on the span of the tag before it."""
    return before[0] in ("B", "I", "") and tag[0] in ("I", "E", "") and before[1] == tag[1]


class Scheme(ABC):
    """Tags and spans of one scheme. `prefixes` are the letters it uses, without O."""

    name: str
    prefixes: str

    def split(self, tag: str) -> Tag:
        """A tag's prefix and label, as this scheme reads them."""
        return split_tag(tag)

    @abstractmethod
    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        """The prefix of word `at` of a span whose nearest span to the left is `previous`."""

    @abstractmethod
    def allows(self, before: str | None, after: str | None) -> bool:
        """Tag `after` may follow tag `before`; None is the edge of the document."""

    def make_tags(self, labels: Iterable[str]) -> list[str]:
        """Every tag these labels need: "O" first, then label by label."""
        return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in self.prefixes)]

    def find_unheld(self, spans: Sequence[Span]) -> list[Span]:
        """The spans that tags can't give back; of two that overlap, the one further right, or shorter."""
        return find_flat(list(spans))[1]

    def encode(self, spans: Sequence[Span], length: int) -> list[str]:
        """One tag for each of `length` words."""
        flat, overlapping = find_flat(list(spans))
        if overlapping:
            raise SchemeError(
                f"{self.name} holds one tag a word, and {_show(overlapping)} overlap other spans."
                " Leave them out (find_unheld lists them) or choose a head that holds overlaps."
            )
        tags, previous = [OUTSIDE] * length, None
        for span in flat:
            if not 0 <= span.start < span.end <= length:
                raise SchemeError(f"{_show([span])} is empty or leaves the {length} words.")
            for at in range(span.start, span.end):
                tags[at] = self._join(self._choose_prefix(span, at, previous=previous), span.label)
            previous = span
        return tags

    def decode(self, tags: Sequence[str], *, strict: bool = False) -> list[Span]:
        """The spans that the tags say.

        Lenient: conlleval's rules (seqeval's default mode): whatever can't carry on the span before it opens one.
        Strict: only spans that are legal in this scheme (seqeval's mode="strict").
        """
        split = [self.split(tag) for tag in tags]
        split.append((OUTSIDE, ""))
        spans, at = [], 0
        before = split[-1]
        while at < len(tags):
            end = at + 1
            if self._opens(before, split[at], strict=strict):
                while _continues(split[end - 1], split[end]):
                    end += 1
                if not strict or self._closes(split[end - 1], split[end]):
                    spans.append(Span(at, end, split[at][1]))
            before, at = split[end - 1], end
        return spans

    def find_illegal(self, tags: Sequence[str]) -> list[tuple[int, str]]:
        """Where the tags break the scheme: index of the word, and the reason."""
        faults = []
        for at, (before, tag) in enumerate(zip([None, *tags], [*tags, None], strict=True)):
            if not self.allows(before, tag):
                faults.append((min(at, len(tags) - 1), self._explain(before, tag)))
        return faults

    def _join(self, prefix: str, label: str) -> str:
        return f"{prefix}-{label}"

    def _opens(self, before: Tag, tag: Tag, *, strict: bool) -> bool:
        return tag[0] != OUTSIDE and not _continues(before, tag)

    def _closes(self, last: Tag, after: Tag) -> bool:
        return True

    def _knows(self, tag: Tag) -> bool:
        return tag[0] == OUTSIDE or (tag[0] != "" and tag[0] in self.prefixes)

    def _explain(self, before: str | None, tag: str | None) -> str:
        if tag is not None and not self._knows(self.split(tag)):
            return f"{tag!r} is not a tag of {self.name}"
        left = "the start" if before is None else repr(before)
        right = "the end" if tag is None else repr(tag)
        return f"{self.name} has no {right} after {left}"


class IO(Scheme):
    """I-PER or a plain PER: inside or outside. Neighbouring spans of one label become one."""

    name, prefixes = "IO", "I"

    def split(self, tag: str) -> Tag:
        if tag == OUTSIDE or "-" in tag[:2]:
            prefix, label = split_tag(tag)
            return prefix or "I", label
        return "I", tag

    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        return "I"

    def allows(self, before: str | None, after: str | None) -> bool:
        return after is None or self._knows(self.split(after))

    def find_unheld(self, spans: Sequence[Span]) -> list[Span]:
        flat, unheld = find_flat(list(spans))
        touching = [b for a, b in zip(flat, flat[1:], strict=False) if _touch(a, b)]
        return unheld + touching


class IOB1(Scheme):
    """I-PER, and B-PER only where a span of the same label ends just before."""

    name, prefixes = "IOB1", "BI"

    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        return "B" if at == span.start and previous is not None and _touch(previous, span) else "I"

    def allows(self, before: str | None, after: str | None) -> bool:
        if after is None:
            return True
        tag = split_tag(after)
        if tag[0] != "B":
            return self._knows(tag)
        return before is not None and split_tag(before) in (("B", tag[1]), ("I", tag[1]))

    def _opens(self, before: Tag, tag: Tag, *, strict: bool) -> bool:
        if not strict:
            return super()._opens(before, tag, strict=strict)
        if tag[0] == "B":
            return before in (("B", tag[1]), ("I", tag[1]))
        # As in seqeval: an I- after a B- that opened nothing opens a span itself.
        return tag[0] == "I" and (before[0] == "B" or not _continues(before, tag))

    def _closes(self, last: Tag, after: Tag) -> bool:
        return not (last[0] == after[0] == "B" and last[1] != after[1])


class BIO(Scheme):
    """B-PER opens every span, I-PER carries it on. Also known as IOB2."""

    name, prefixes = "BIO", "BI"

    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        return "B" if at == span.start else "I"

    def allows(self, before: str | None, after: str | None) -> bool:
        if after is None:
            return True
        tag = split_tag(after)
        if tag[0] != "I":
            return self._knows(tag)
        return before is not None and split_tag(before) in (("B", tag[1]), ("I", tag[1]))

    def _opens(self, before: Tag, tag: Tag, *, strict: bool) -> bool:
        return tag[0] == "B" if strict else super()._opens(before, tag, strict=strict)


class BIOES(Scheme):
    """B-PER I-PER E-PER, or S-PER for a span of one word. Also known as IOBES and BILOU."""

    name, prefixes = "BIOES", "BIES"

    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        if len(span) == 1:
            return "S"
        return "B" if at == span.start else "E" if at == span.end - 1 else "I"

    def allows(self, before: str | None, after: str | None) -> bool:
        left = (OUTSIDE, "") if before is None else split_tag(before)
        right = (OUTSIDE, "") if after is None else split_tag(after)
        if left[0] in ("B", "I"):
            return right in (("I", left[1]), ("E", left[1]))
        return right[0] in (OUTSIDE, "B", "S")

    def _opens(self, before: Tag, tag: Tag, *, strict: bool) -> bool:
        return tag[0] in ("B", "S") if strict else super()._opens(before, tag, strict=strict)

    def _closes(self, last: Tag, after: Tag) -> bool:
        return last[0] in ("E", "S")


class WORD(Scheme):
    """One label a word, as in part-of-speech tagging: the tag is the label. "O" is a word without a label."""

    name, prefixes = "WORD", ""

    def split(self, tag: str) -> Tag:
        return (OUTSIDE, "") if tag == OUTSIDE else ("S", tag)

    def _choose_prefix(self, span: Span, at: int, *, previous: Span | None) -> str:
        return ""

    def allows(self, before: str | None, after: str | None) -> bool:
        return True

    def make_tags(self, labels: Iterable[str]) -> list[str]:
        return [OUTSIDE, *labels]

    def find_unheld(self, spans: Sequence[Span]) -> list[Span]:
        flat, unheld = find_flat(list(spans))
        return unheld + [span for span in flat if len(span) > 1 or span.label in ("", OUTSIDE)]

    def encode(self, spans: Sequence[Span], length: int) -> list[str]:
        if unheld := self.find_unheld(spans):
            raise SchemeError(
                f"WORD holds one label a word, none of them '' or 'O', and can't hold {_show(unheld)}."
                " Choose BIO or leave them out."
            )
        return super().encode(spans, length)

    def _join(self, prefix: str, label: str) -> str:
        return label


SCHEMES: Table[Scheme] = Table("scheme", {scheme.name: scheme for scheme in (IO(), IOB1(), BIO(), BIOES(), WORD())})


def find_scheme(name: str) -> Scheme:
    """The scheme of that name, in any case, or of its other name (IOB2, IOBES, BILOU, ...)."""
    upper = name.upper()
    return SCHEMES[ALIASES.get(upper, upper)]


def _touch(left: Span, right: Span) -> bool:
    return left.end == right.start and left.label == right.label


def _show(spans: Sequence[Span]) -> str:
    shown = ", ".join(f"{span.label!r} [{span.start}, {span.end})" for span in spans[:3])
    return shown + (f" and {len(spans) - 3} more" if len(spans) > 3 else "")


@dataclass(frozen=True)
class Detection:
    """The scheme that tag sequences are in, why, and how many of their transitions it doesn't allow.

    `evidence` counts words by kind of tag. Decode with `SCHEMES[found.scheme].decode(found.normalise(tags))`.
    """

    scheme: str
    reason: str
    evidence: Mapping[str, int]
    illegal: int = 0
    letters: Mapping[str, str] = field(default_factory=dict)

    def normalise(self, tags: Sequence[str]) -> list[str]:
        """The tags in this scheme's own letters: U-PER -> S-PER where the file is in BILOU."""
        if not self.letters:
            return list(tags)
        return [_spell(tag, self.letters) for tag in tags]


def detect_scheme(sequences: Iterable[Sequence[str]]) -> Detection:
    """Find the scheme by inspection: the one that leaves the fewest illegal transitions, plain tags apart."""
    pairs: Pairs = Counter()
    for tags in sequences:
        pairs.update(zip([None, *tags], [*tags, None], strict=True))
    kinds = _count_kinds(pairs)
    if kinds["plain"] > kinds.total() - kinds["plain"] - kinds[OUTSIDE] or set(kinds) <= {OUTSIDE}:
        return _conclude(WORD() if kinds["plain"] and not kinds[OUTSIDE] else IO(), pairs, kinds=kinds, letters={})
    letters = {letter: LETTERS[letter] for letter in kinds if letter in LETTERS}
    spelt: Pairs = Counter()
    for (before, after), count in pairs.items():
        spelt[before and _spell(before, letters), after and _spell(after, letters)] += count
    if not {letters.get(kind, kind) for kind in kinds} - {OUTSIDE, "I", "plain"}:
        return _conclude(IO(), spelt, kinds=kinds, letters=letters)
    scheme = min((BIO(), IOB1(), BIOES()), key=lambda each: _count_illegal(each, spelt))
    return _conclude(scheme, spelt, kinds=kinds, letters=letters)


def _count_kinds(pairs: Pairs) -> Counter[str]:
    """Words by kind of tag: "O", "plain", or the prefix letter. A bare letter is one only where nothing is plain."""
    kinds: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    for (_, tag), count in pairs.items():
        if tag is None:
            continue
        letter = tag[:1] if tag[:1] in "BIES" or tag[:1] in LETTERS else ""
        if tag == OUTSIDE:
            kinds[OUTSIDE] += count
        elif letter and tag == letter:
            bare[letter] += count
        else:
            kinds[letter if letter and tag[1] == "-" else "plain"] += count
    if kinds["plain"] or set(bare) == {"I"}:
        kinds["plain"] += bare.total()
    else:
        kinds.update(bare)
    return +kinds


def _count_illegal(scheme: Scheme, pairs: Pairs) -> int:
    return sum(count for (before, after), count in pairs.items() if not scheme.allows(before, after))


def _conclude(
    scheme: Scheme,
    pairs: Pairs,
    *,
    kinds: Counter[str],
    letters: Mapping[str, str],
) -> Detection:
    illegal = _count_illegal(scheme, pairs)
    reason = REASONS[scheme.name]
    if letters:
        reason += f", with the letters {', '.join(f'{new} for {old}' for new, old in sorted(letters.items()))}"
    if scheme.name == "IO" and not kinds["plain"] and kinds["I"]:
        reason = "all tags are I- or O (IOB1 would read them the same)"
    if illegal:
        reason += f"; mixed: {illegal} of {kinds.total()} tags don't fit {scheme.name}"
    return Detection(scheme.name, reason, dict(kinds), illegal, dict(letters))


REASONS = {
    "IO": "tags have no prefixes, and some words are O",
    "IOB1": "B- stands only between neighbouring spans of one label",
    "BIO": "B- opens the spans",
    "BIOES": "tags say where a span ends (E-) or that it is one word (S-)",
    "WORD": "tags have no prefixes, and no word is O",
}


def _spell(tag: str, letters: Mapping[str, str]) -> str:
    if tag[:1] in letters and tag[1:2] in ("", "-"):
        return letters[tag[0]] + tag[1:]
    return tag
