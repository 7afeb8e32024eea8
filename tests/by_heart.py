"""Eight documents that any labeler learns by heart in seconds, a loop that teaches them, and what it finds then."""

import torch

from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tuning.tuning import Tuning

STEPS = 60
KNOWN = 0.17  # a loss summed over words: one wrong word alone costs ln 2, and a quarter of it where the loss is focal
TEXTS = (  # a label, and the words it is for: "x" is always one of two, by what stands to its right
    (("PER", 0, 2), "ab x goes to q"),
    (("LOC", 3, 4), "he is in x today"),
    (("PER", 1, 2), "so x goes on"),
    (("LOC", 1, 2), "in x it rains"),
    (("LOC", 0, 3), "old x town it is"),
    (("PER", 4, 6), "a letter came from dr x"),
    (None, "no name here"),
    (("PER", 0, 1), "x goes"),
)


def make_documents(*, single: bool = False) -> list[Document]:
    """The documents; of one-word spans only where a scheme holds no others."""
    documents = []
    for gold, text in TEXTS:
        label, start, end = gold or ("", 0, 0)
        spans = (Span(start, start + 1 if single else end, label),) if gold else ()
        documents.append(Document.from_words(text.split(), id=text, spans=spans))
    return documents


def learn(
    tagger: Tagger, documents: list[Document], tuning: Tuning, *, rate: float, steps: int = STEPS
) -> tuple[float, float]:
    """Train on all documents at once, until they are known; gives the first and the last loss."""
    tagger.tune(tuning)
    pieces = tagger.cut(documents, Ledger())
    batch, gold = tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, documents))
    optimizer = torch.optim.AdamW(tuning.group(tagger, weight_decay=0.0), lr=rate)
    tagger.train()
    losses = []
    for _ in range(steps):
        loss = tagger.loss(batch, gold)
        losses.append(float(loss.detach()))
        if losses[-1] < KNOWN:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses[0], losses[-1]


def predict(tagger: Tagger, documents: list[Document]) -> list[Document]:
    tagger.eval()
    given = [document.only(tagger.given) for document in documents]
    batch = tagger.collate(tagger.cut(given, Ledger()))
    with torch.inference_mode():
        return tagger.decode(tagger.encode(batch), given, keep=batch.keep)
