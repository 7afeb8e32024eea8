"""Eight documents whose spans nest, overlap and share words, eight with roles, and states that tell words apart."""

import torch
from torch import Tensor

from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

Text = tuple[str, tuple[tuple[int, int, str], ...], tuple[tuple[int, int, str], ...]]
NESTED: tuple[Text, ...] = (
    ("the bank of old x sold y", ((0, 5, "ORG"), (3, 5, "LOC"), (6, 7, "ORG")), ((0, 1, "in"), (0, 2, "owns"))),
    ("dr ab went to x town", ((0, 2, "PER"), (1, 2, "PER"), (4, 6, "LOC")), ((0, 2, "in"),)),
    ("left a b c right", ((1, 3, "ORG"), (2, 4, "LOC")), ((1, 0, "owns"),)),
    ("no name here", (), ()),
    ("q q is here", ((0, 2, "PER"), (0, 2, "ORG"), (0, 1, "PER")), ()),
    ("x owns y and y owns z", ((0, 1, "ORG"), (2, 3, "ORG"), (6, 7, "ORG")), ((0, 1, "owns"), (1, 2, "owns"))),
    ("ab", ((0, 1, "PER"),), ()),
    ("in x near x town", ((1, 2, "LOC"), (3, 5, "LOC"), (1, 5, "LOC")), ((0, 1, "in"), (1, 2, "in"))),
)
ROLES: tuple[Text, ...] = (
    ("he sold it", ((1, 2, "sell"), (0, 1, ""), (2, 3, "")), ((0, 1, "who"), (0, 2, "what"))),
    ("the old man saw x", ((3, 4, "see"), (0, 3, ""), (4, 5, "")), ((0, 1, "who"), (0, 2, "what"))),
    (
        "he saw her eat x",
        ((1, 2, "see"), (3, 4, "eat"), (0, 1, ""), (2, 3, ""), (2, 5, ""), (4, 5, "")),
        ((0, 2, "who"), (0, 4, "what"), (1, 3, "who"), (1, 5, "what")),
    ),
    ("it rains", ((1, 2, "rain"),), ()),
    ("nothing here", (), ()),
    ("eat x", ((0, 1, "eat"), (1, 2, "")), ((0, 1, "what"),)),
    ("x ran and ran", ((1, 2, "run"), (3, 4, "run"), (0, 1, "")), ((0, 2, "who"), (1, 2, "who"))),
    (
        "to him she gave y",
        ((3, 4, "give"), (0, 2, ""), (2, 3, ""), (4, 5, "")),
        ((0, 1, "whom"), (0, 2, "who"), (0, 3, "what")),
    ),
)


def make_documents(texts: tuple[Text, ...] = NESTED) -> list[Document]:
    return [
        Document.from_words(
            text.split(),
            id=text,
            spans=tuple(Span(*span) for span in spans),
            relations=tuple(Relation(*edge) for edge in edges),
        )
        for text, spans, edges in texts
    ]


def make_states(documents: list[Document], *, width: int = 24, seed: int = 0) -> tuple[Tensor, Tensor]:
    """B W H, B W: a random state for every word, and which words there are."""
    counts = torch.tensor([len(document) for document in documents])
    states = torch.randn(len(documents), int(counts.max()), width, generator=torch.Generator().manual_seed(seed))
    return states, torch.arange(states.shape[1]) < counts[:, None]
