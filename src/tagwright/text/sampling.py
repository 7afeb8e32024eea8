"""Seeded draws: a few documents, a share of them, a split, folds. Knows nothing of files or models.

A document's place in a draw depends on the seed and its id (on its text where it has no id), never on file order.
All draws of one seed are nested: a larger one begins with the smaller one.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.labels import collect_labels
from tagwright.text.ledger import Ledger


def shuffle(documents: Sequence[Document], *, seed: int) -> list[Document]:
    """All documents in the order of this seed; those that share id and text keep their order in the file."""
    return sorted(documents, key=lambda document: _rank(document, seed))


def draw_shots(documents: Sequence[Document], k: int, *, seed: int) -> list[Document]:
    """`k` documents, each as likely as any other."""
    if not 0 < k <= len(documents):
        raise DataError(f"Can't draw {k} of {len(documents)} documents. Draw from 1 to {len(documents)}.")
    return shuffle(documents, seed=seed)[:k]


def draw_percent(documents: Sequence[Document], percent: float, *, seed: int) -> list[Document]:
    """`percent` of the documents, rounded, at least one."""
    if not 0 < percent <= 100:
        raise DataError(f"Can't draw {percent} percent of the documents. Draw more than 0 and at most 100.")
    return draw_shots(documents, max(1, round(len(documents) * percent / 100)), seed=seed)


def draw_per_label(documents: Sequence[Document], k: int, *, seed: int, ledger: Ledger | None = None) -> list[Document]:
    """Documents with at least `k` spans of every label, as balanced as whole documents allow.

    Greedy: in the order of the seed, the rarest label in need takes the next document that has it. Every larger
    draw goes on where the smaller one stopped. A label with fewer than `k` spans gives all, and the ledger says so.
    """
    if k < 1:
        raise DataError(f"Can't draw {k} spans per label. Draw at least 1.")
    total = collect_labels(documents)
    if not total:
        raise DataError(f"Can't draw spans per label: none of the {len(documents)} documents has a labelled span.")
    if ledger is not None:
        for label in sorted(total):
            if total[label] < k:
                ledger.note(f"label with fewer than {k} spans", f"{label!r} has {total[label]}")
    order = shuffle(documents, seed=seed)
    counts = [collect_labels([document]) for document in order]
    rarest_first = sorted(total, key=lambda label: (total[label], label))
    queues = {label: iter([at for at, count in enumerate(counts) if label in count]) for label in total}
    drawn: dict[int, None] = {}
    have: Counter[str] = Counter()
    for goal in range(1, k + 1):
        for label in rarest_first:
            while have[label] < min(goal, total[label]):
                at = next(queues[label])
                if at not in drawn:
                    drawn[at] = None
                    have.update(counts[at])
    return [order[at] for at in drawn]


def split(
    documents: Sequence[Document], share: float, *, seed: int, by_group: bool = True
) -> tuple[list[Document], list[Document]]:
    """Documents in two: the rest (train) and about `share` of them (dev), both in file order.

    Documents of the same words go to one side, or dev would ask what train has told. With `by_group`, a group does
    too, so dev can't quote the articles of train.
    """
    if not 0 < share < 1:
        raise DataError(f"Can't split off a share of {share}. Use a number between 0 and 1.")
    blocks = _group(documents, seed=seed, by_group=by_group)
    if len(blocks) < 2:
        raise DataError(
            f"Can't split {len(documents)} documents in two: they are {len(blocks)} group(s) or texts, and documents "
            "of one group, or of the same text, stay together. Give a second file."
        )
    wanted = max(1, round(len(documents) * share))
    dev: set[int] = set()
    for block in blocks:
        if len(dev) + len(block) / 2 <= wanted and len(dev) + len(block) < len(documents):
            dev.update(block)
    if not dev:
        smallest = min(blocks, key=len)
        dev.update(smallest)
    return [d for at, d in enumerate(documents) if at not in dev], [documents[at] for at in sorted(dev)]


def fold(documents: Sequence[Document], folds: int, *, seed: int) -> list[tuple[list[Document], list[Document]]]:
    """`folds` pairs (train, dev) for cross-validation: every document is in dev once. Blocks stay whole."""
    blocks = _group(documents, seed=seed, by_group=True)
    if not 2 <= folds <= len(blocks):
        raise DataError(f"Can't make {folds} folds of {len(blocks)} documents or groups. Make from 2 to {len(blocks)}.")
    parts: list[set[int]] = [set() for _ in range(folds)]
    for block in sorted(blocks, key=len, reverse=True):
        min(parts, key=len).update(block)
    return [
        ([d for at, d in enumerate(documents) if at not in part], [documents[at] for at in sorted(part)])
        for part in parts
    ]


def _rank(document: Document, seed: int) -> bytes:
    return _hash(document.id or document.text, seed)


def _hash(name: str, seed: int) -> bytes:
    return blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def count_blocks(documents: Sequence[Document]) -> int:
    """How many blocks of one group or the same words there are: as many parts `split` and `fold` can make at most."""
    return len(_group(documents, seed=0, by_group=True))


def _group(documents: Sequence[Document], *, seed: int, by_group: bool) -> list[list[int]]:
    """Indices of documents that must stay together, of one group or of the same words, in the order of the seed."""
    blocks: dict[tuple[bool, object], list[int]] = {}
    ranks: dict[tuple[bool, object], bytes] = {}
    for at, document in enumerate(documents):
        grouped = by_group and document.group is not None
        key = (grouped, document.group if grouped else document.words)
        rank = _hash(f"group {document.group}" if grouped else document.id or document.text, seed)
        blocks.setdefault(key, []).append(at)
        ranks[key] = min(rank, ranks.get(key, rank))
    return [blocks[key] for key in sorted(blocks, key=lambda key: (ranks[key], blocks[key][0]))]
