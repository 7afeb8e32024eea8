"""Gold and predicted documents, two by two. Refuses to guess: whatever doesn't fit is a DataError that says how."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from tagwright.errors import DataError
from tagwright.text.document import Document

Twosome = tuple[Document, Document]


def pair_documents(gold: Iterable[Document], predicted: Iterable[Document]) -> Iterator[Twosome]:
    """Pairs in the order of gold, streamed while ids agree (see `_agree`).

    From the first disagreement on the rest is read and matched by id, which must then be unique.
    """
    rights, guesses = iter(gold), iter(predicted)
    seen: set[str] = set()
    for place, (right, said) in enumerate(zip_longest(rights, guesses)):
        if right is not None and said is not None and _agree(right.id, said.id, place):
            seen.add(right.id)
            yield _check_words(right, said, place=place)
            continue
        left = [[] if one is None else [one] for one in (right, said)]
        yield from _pair_by_id([*left[0], *rights], [*left[1], *guesses], seen=seen, place=place)
        return


def _agree(right: str, said: str, place: int) -> bool:
    """Equal, or one is empty, or both are the "stem:number" that readers give to a nameless document at this place."""
    automatic = f":{place + 1}"
    return right == said or not (right and said) or (right.endswith(automatic) and said.endswith(automatic))


def _pair_by_id(gold: list[Document], predicted: list[Document], *, seen: set[str], place: int) -> Iterator[Twosome]:
    if len(gold) != len(predicted):
        extra, side = (gold, "gold") if len(gold) > len(predicted) else (predicted, "predicted")
        other = {document.id for document in (predicted if extra is gold else gold)}
        first = next((document for document in extra if document.id not in other), extra[-1])
        raise DataError(
            f"Gold has {place + len(gold)} documents, the prediction has {place + len(predicted)}: "
            f"{first.id!r} is among the {side} ones only. Score a file against a prediction of that same file."
        )
    for side, documents in (("gold", gold), ("predicted", predicted)):
        _check_unique(documents, seen, side=side)
    by_id = {document.id: document for document in predicted}
    for at, right in enumerate(gold, place):
        if right.id not in by_id:
            raise DataError(
                f"Document {right.id!r} of gold is not among the predicted ones (document {at + 1} there is "
                f"{predicted[at - place].id!r}). Ids must agree in order, or be the same set and unique."
            )
        yield _check_words(right, by_id[right.id], place=at)


def _check_unique(documents: Sequence[Document], seen: set[str], *, side: str) -> None:
    known = set(seen)
    for document in documents:
        if document.id in known:
            raise DataError(
                f"Gold and prediction are in different orders, and the {side} id {document.id!r} occurs twice: "
                f"which documents belong together can't be told. Give unique ids or the same order."
            )
        known.add(document.id)


def _check_words(gold: Document, predicted: Document, *, place: int) -> Twosome:
    if gold.text == predicted.text and gold.offsets == predicted.offsets or gold.words == predicted.words:
        return gold, predicted
    name = f"Document {gold.id!r}" if gold.id else f"Document {place + 1}"
    both = zip(gold.words, predicted.words, strict=False)
    at = next((at for at, (a, b) in enumerate(both) if a != b), min(len(gold), len(predicted)))
    raise DataError(
        f"{name}: word {at + 1} is {_show(gold, at)} in gold ({len(gold)} words) and {_show(predicted, at)} in the "
        f"prediction ({len(predicted)} words). Scores need the same words on both sides."
    )


def _show(document: Document, at: int) -> str:
    return repr(document.words[at]) if at < len(document) else "missing"
