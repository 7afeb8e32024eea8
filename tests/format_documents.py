"""Documents that are hard to write: words and labels full of marks, emoji, label names, blanks, repeats and nesting."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span

NASTY = (
    "[",
    "]",
    "|",
    "=",
    "\\",
    "\\[",
    "a=b",
    "[x]",
    "||",
    "😀",
    "👩‍🚀",
    "person",
    "no",
    "relation",
    "belief",
    "<1>",
    "2",
)
ODD = ("", " ", "a b", "\n", "\u3000", "\\20.", "\\.", "İ", "ß")
LABELS = ("PER", "ORG", "Live_In", "a|b", "x = y", "[", "]", "😀", "Restaurant:book time", "=")
word = st.sampled_from(("the", "Boston", "of", *NASTY, *ODD)) | st.text(max_size=4)
label = st.sampled_from(LABELS)


@st.composite
def documents(draw: DrawFn, *, untyped: bool = False) -> Document:
    """A document with any spans and relations; `untyped`: some spans have no label."""
    words = draw(st.lists(word, min_size=1, max_size=8))
    places = st.integers(0, len(words) - 1)
    spans = []
    for _ in range(draw(st.integers(0, 4))):
        start, last = sorted((draw(places), draw(places)))
        spans.append(Span(start, last + 1, draw(st.just("") | label if untyped else label)))
    ends = st.integers(0, max(len(spans) - 1, 0))
    edges = draw(st.lists(st.builds(Relation, ends, ends, label), max_size=4 if spans else 0))
    return Document.from_words(words, spans=tuple(spans), relations=tuple(edges))


@st.composite
def _structures(draw: DrawFn, *, predicates: int) -> Document:
    words = draw(st.lists(word, min_size=2, max_size=8))
    places = st.integers(0, len(words) - 1)
    bounds = draw(st.lists(st.tuples(places, places).map(sorted), min_size=2, max_size=5, unique_by=tuple))
    spans = [Span(first, last + 1, draw(label) if at < predicates else "") for at, (first, last) in enumerate(bounds)]
    heads = st.integers(0, min(predicates, len(spans)) - 1)
    edges = [Relation(draw(heads), at, draw(label)) for at in range(predicates, len(spans))]
    edges += [Relation(draw(heads), at, draw(label)) for at in range(predicates, len(spans)) if draw(st.booleans())]
    return Document.from_words(words, spans=tuple(spans), relations=tuple(edges))


def structures() -> SearchStrategy[Document]:
    """Predicates or triggers (labelled) and arguments (not), each of which somebody has."""
    return st.integers(1, 2).flatmap(lambda predicates: _structures(predicates=predicates))


@st.composite
def dialogues(draw: DrawFn) -> Document:
    """Turns with a state after those of the user."""
    said = draw(st.lists(st.lists(word, min_size=1, max_size=4), min_size=1, max_size=4))
    words = [each for turn in said for each in turn]
    ends = [sum(map(len, said[: at + 1])) for at in range(len(said))]
    starts = [0, *ends[:-1]]
    speakers = ("USER", "SYSTEM")
    turns = [Turn(speakers[at % 2], start, end) for at, (start, end) in enumerate(zip(starts, ends, strict=True))]
    fields = []
    for at in range(0, len(turns), 2):
        for slot in draw(st.lists(label, max_size=3, unique=True)):
            fields.append(Field(slot, (draw(word | st.lists(word, max_size=3).map(" ".join)),), at))
    return Document.from_words(words, turns=tuple(turns), fields=tuple(fields))
