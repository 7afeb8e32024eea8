"""Language: what may stand in a target, as a small grammar over written words, marks and labels. Knows no token ids.

This is what constrained decoding (`formats.grammar`) is built from. It may rely on the following, which the tests hold:
every target that a format writes is a sentence of its language, and the other way round every sentence is read back
without a fault; a target is a row of written words (as `syntax.escape` writes them) with one blank between two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tagwright.formats.strings.names import Names
from tagwright.formats.strings.syntax import join_words


@dataclass(frozen=True)
class Literal:
    """Exactly these written words."""

    text: str


@dataclass(frozen=True)
class NextWord:
    """The next word of the source. All of these in a target together are the source's words, each once, in order."""


@dataclass(frozen=True)
class Run:
    """One or more neighbouring words of the source.

    `is_numbered`: where they stand there again, `= 2` may follow, and so on up to the last time.
    """

    is_numbered: bool = False


@dataclass(frozen=True)
class Said:
    """Neighbouring pieces of a dialogue as they stand there, or all in lower case; the first without its blank.

    The `words` of such a language are those pieces, each with the blank before it, if there is one.
    """


@dataclass(frozen=True)
class Pointer:
    """`<i>`, or `<i> <j>` with i < j: places of source words."""


@dataclass(frozen=True)
class Tail:
    """What the rule says, where it is also the name of a frame of this target: one before, this one, or one to come.

    A decoder that can't promise frames to come may let through what the rule says; reading leaves such a link out.
    """

    rule: "Rule"


@dataclass(frozen=True)
class Series:
    """All of these, one after the other."""

    rules: tuple["Rule", ...]


@dataclass(frozen=True)
class Choice:
    """One of these."""

    rules: tuple["Rule", ...]


@dataclass(frozen=True)
class Many:
    """The rule `least` times or more."""

    rule: "Rule"
    least: int = 0


@dataclass(frozen=True)
class Frames:
    """Any number of frames `[`, a name that has a place, a label, the rest; "" among the labels: there may be none.

    They come in order: by their first word, longer before shorter ones, then by label; none comes twice.
    """

    name: Run | Pointer
    labels: tuple[str, ...]
    rest: "Rule"

    @property
    def frame(self) -> "Rule":
        """What one of them may be."""
        labels = Choice(tuple(Literal(label) if label else Series(()) for label in self.labels))
        return Series((Literal("["), self.name, labels, self.rest))


@dataclass(frozen=True)
class Named:
    """The rule that the language has under a name: so frames may hold frames."""

    name: str


Rule = Literal | NextWord | Run | Said | Pointer | Tail | Series | Choice | Many | Frames | Named


@dataclass(frozen=True)
class Language:
    """The targets of one part of one document: `start`, over the `words` of its source, with `rules` for `Named`.

    `copies`: the words are a draft of the whole target, which most of it follows (for decoding that proposes a copy).
    """

    start: Rule
    words: tuple[str, ...]
    rules: Mapping[str, Rule]
    copies: bool


def series(*rules: Rule) -> Series:
    return Series(rules)


def maybe(rule: Rule) -> Choice:
    return Choice((Series(()), rule))


def name_choice(names: Names) -> Choice:
    """One of some names."""
    return choose(join_words(names.write(label)) for label in names.labels)


def choose(texts: Iterable[str]) -> Choice:
    """One of some written texts."""
    return Choice(tuple(map(Literal, texts)))
