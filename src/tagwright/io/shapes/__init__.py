"""The forms of JSON rows, one class each. Looks at rows, never at files."""

from tagwright.errors import DataError
from tagwright.io.shapes.characters import DoccanoShape, SpanShape
from tagwright.io.shapes.dialogue import ExchangeShape, TurnShape
from tagwright.io.shapes.shape import Row, Shape
from tagwright.io.shapes.words import EntityShape, GlinerShape, PredicateShape, TagShape
from tagwright.registry import Table
from tagwright.text.document import Document

# In the order in which a row is tried.
SHAPES: Table[type[Shape]] = Table(
    "row shape",
    {
        "exchanges": ExchangeShape,
        "turns": TurnShape,
        "gliner": GlinerShape,
        "predicates": PredicateShape,
        "entities": EntityShape,
        "tags": TagShape,
        "spans": SpanShape,
        "doccano": DoccanoShape,
    },
)

EXPECTED = (
    "text and spans; tokens and ner_tags, entities or predicates; tokenized_text and ner; or turns, "
    "each with speaker and text, or with user and system."
    " Rename the keys, or name them: --text-column, --word-column, --tag-column (of train data.text_column and so on)."
)


def find_shape(row: Row) -> str:
    """The name of the shape that a row has."""
    for name, shape in SHAPES.items():
        if shape.matches(row):
            return name
    found = ", ".join(map(repr, list(row)[:12])) or "nothing"
    raise DataError(f"No known form of row: it has {found}. Expected {EXPECTED}")


def choose_shape(document: Document) -> str:
    """The shape that holds all of a document: by characters where its text is original, else by words."""
    return "spans" if document.text_is_original else "entities"
