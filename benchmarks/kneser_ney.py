"""A 5-gram interpolated modified Kneser-Ney model over byte-level BPE tokens: what a small language model must beat.

    python benchmarks/kneser_ney.py [--train FILES --valid FILES] [--tokenizer FOLDER] [--orders 5,3] [--json FILE]

Files hold one paragraph per line and a blank line between documents, plain or .zst. Prints held-out bits per byte: the
bits of all tokens, </s> at each document's end among them, over the UTF-8 bytes of the documents.
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).parents[1]
END = "</s>"
TARGET = 0.85  # of the bits per byte of the highest order: 15 % below
FALLBACK = (0.5, 1.0, 1.5)

# --- the model -------------------------------------------------------------------------------------------------------


@dataclass
class Level:
    """All n-grams of one order, sorted by (context, token); contexts are numbered as the n-grams one order below."""

    keys: np.ndarray  # context * symbols + token
    counts: np.ndarray  # of occurrences; below the highest order, of different tokens to the left
    discounts: np.ndarray  # by min(count, 3)
    estimated: bool  # False: the counts of counts gave no usable discounts
    totals: np.ndarray  # of each context's counts
    left: np.ndarray  # share of each context that discounting sets free for the order below


class KneserNey:
    """Chen and Goodman's interpolated modified Kneser-Ney, down to the uniform distribution over the vocabulary.

    No n-gram crosses documents. Each begins with one marker that is context only: contexts of first tokens are
    shorter, and n-grams that begin with the marker, which nothing can precede, keep their occurrences as counts.
    """

    def __init__(self, order: int = 5, *, vocabulary: int = 8192) -> None:
        if order < 1:
            raise ValueError(f"An order of {order}: expected 1 or more.")
        self.order, self.vocabulary = order, vocabulary
        self.levels: list[Level] = []

    def fit(self, tokens: np.ndarray, starts: np.ndarray) -> "KneserNey":
        """Count `tokens`, where documents begin at `starts`; each order is numbered by way of the one below."""
        sequence, depth = mark_starts(tokens, starts, self.vocabulary)
        symbols = self.vocabulary + 1
        keys, ids = np.arange(symbols), sequence
        counts = np.bincount(sequence, minlength=symbols)
        counts[self.vocabulary] = 0  # the marker is never predicted
        opens = keys == self.vocabulary
        self.levels = []
        for order in range(2, self.order + 1):
            ends = np.flatnonzero(depth >= order)
            if len(ends) == 0:  # all documents are shorter
                break
            found, first, inverse, occurrences = np.unique(
                ids[ends - 1] * symbols + sequence[ends], return_index=True, return_inverse=True, return_counts=True
            )
            first = ends[first]
            preceded = np.bincount(ids[first], minlength=len(keys))
            self.add_level(keys, np.where(opens, counts, preceded))
            keys, counts, opens = found, occurrences, depth[first] == order
            ids = np.full(len(sequence), -1)
            ids[ends] = inverse
        self.add_level(keys, counts)
        return self

    def add_level(self, keys: np.ndarray, counts: np.ndarray) -> None:
        discounts, estimated = estimate_discounts(counts)
        contexts = keys // (self.vocabulary + 1)
        size = len(self.levels[-1].keys) if self.levels else 1
        totals = np.bincount(contexts, weights=counts, minlength=size)
        freed = np.bincount(contexts, weights=discounts[np.minimum(counts, 3)], minlength=size)
        left = np.divide(freed, totals, out=np.ones(size), where=totals > 0)
        self.levels.append(Level(keys, counts.astype(np.int32), discounts, estimated, totals, left))

    def score(self, tokens: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """-ln p of each token, given those before it in its document."""
        sequence, depth = mark_starts(tokens, starts, self.vocabulary)
        chance = np.full(len(sequence), 1 / self.vocabulary)
        ids = np.zeros(len(sequence), dtype=np.int64)  # the empty context
        for order, level in enumerate(self.levels, start=1):
            context = ids if order == 1 else np.roll(ids, 1)  # never past a marker: markers follow nothing
            keys = context * (self.vocabulary + 1) + sequence
            at = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
            known = (context >= 0) & (level.keys[at] == keys)
            counts = np.where(known, level.counts[at], 0)
            total = np.where(context >= 0, level.totals[context], 0)
            kept = (counts - level.discounts[np.minimum(counts, 3)]) / np.maximum(total, 1)
            chance = np.where(total > 0, kept + level.left[context] * chance, chance)
            ids = np.where(known, at, -1)
        return -np.log(chance[depth > 1])


def mark_starts(tokens: np.ndarray, starts: np.ndarray, marker: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens with a marker before each document, and how deep each lies in its document, the marker at 1."""
    if len(starts) == 0 or starts[0] != 0 or np.any(np.diff(starts) <= 0) or starts[-1] >= len(tokens):
        raise ValueError("The starts of documents begin at 0 and rise, each below the number of tokens.")
    if tokens.min() < 0 or tokens.max() >= marker:
        raise ValueError(f"Token ids from {tokens.min()} to {tokens.max()}: expected 0 to {marker - 1}.")
    sequence = np.insert(tokens.astype(np.int64), starts, marker)
    begins = starts + np.arange(len(starts))
    lengths = np.diff(np.append(begins, len(sequence)))
    return sequence, np.arange(len(sequence)) - np.repeat(begins, lengths) + 1


def estimate_discounts(counts: np.ndarray) -> tuple[np.ndarray, bool]:
    """D(0) = 0, D1, D2, D3+ from the counts of counts; a level without usable ones (small, or all its n-grams
    frequent) takes fixed discounts."""
    n1, n2, n3, n4 = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    if min(n1, n2, n3) > 0:
        y = n1 / (n1 + 2 * n2)
        found = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
        if all(0 < discount <= limit for limit, discount in enumerate(found, start=1)):
            return np.array([0.0, *found]), True
    return np.array([0.0, *FALLBACK]), False


# --- the text --------------------------------------------------------------------------------------------------------


def read_documents(path: Path) -> list[str]:
    """Documents of a file: paragraphs joined by line breaks."""
    if not path.is_file():
        sys.exit(f"There is no file {path}: give --train and --valid files, or --text the folder that holds them.")
    lines = (line if line.strip() else "" for line in read_text(path).split("\n"))
    blocks = "\n".join(lines).split("\n\n")
    documents = [document for block in blocks if (document := block.strip("\n"))]
    return documents or sys.exit(f"{path} holds no document: expected one paragraph per line.")


def read_text(path: Path) -> str:
    if path.suffix != ".zst":
        return path.read_text(encoding="utf-8")
    try:
        import zstandard
    except ImportError:
        sys.exit(f"{path} is compressed, and reading it needs zstandard: pip install zstandard")
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        return io.TextIOWrapper(stream, encoding="utf-8").read()


def learn_tokenizer(documents: Iterable[str], vocabulary: int) -> Tokenizer:
    """Byte-level BPE."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def read_tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if not path.is_file():
        sys.exit(f"There is no {path}: give --tokenizer a folder that holds a tokenizer.json.")
    tokenizer = Tokenizer.from_file(str(path))
    if tokenizer.token_to_id(END) is None:
        sys.exit(f"The tokenizer {path} has no token {END}, which ends each document.")
    return tokenizer


def tokenize(documents: list[str], tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of all documents in one row, each document ended by </s>, and where each begins."""
    end = tokenizer.token_to_id(END)
    rows = [
        np.array([*tokenizer.encode(document, add_special_tokens=False).ids, end], dtype=np.int32)
        for document in documents
    ]
    return np.concatenate(rows), np.cumsum([0, *map(len, rows[:-1])])


# --- what is measured ------------------------------------------------------------------------------------------------


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    train = [document for path in asked.train for document in read_documents(path)]
    held = [(path, document) for path in asked.valid for document in read_documents(path)]
    start = time.perf_counter()
    tokenizer = read_tokenizer(asked.tokenizer) if asked.tokenizer else learn_tokenizer(train, asked.vocabulary)
    learnt = time.perf_counter()
    tokens, starts = tokenize(train, tokenizer)
    held_tokens, held_starts = tokenize([document for _, document in held], tokenizer)
    seconds = {"tokenizer": learnt - start, "tokenizing": time.perf_counter() - learnt}
    sizes = [len(document.encode()) for _, document in held]
    lengths = np.diff(np.append(held_starts, len(held_tokens))).tolist()
    found: dict[str, Any] = {
        "train": {"documents": len(train), "tokens": len(tokens)},
        "valid": {"documents": len(held), "tokens": len(held_tokens), "bytes": sum(sizes)},
        "vocabulary": tokenizer.get_vocab_size(),
        "tokens_per_byte": len(held_tokens) / sum(sizes),
        "seconds": seconds,
        "models": [],
        "documents": [
            {"file": path.name, "opening": document[:40], "tokens": length, "bytes": size, "bits": {}}
            for (path, document), length, size in zip(held, lengths, sizes, strict=True)
        ],
    }
    for order in asked.orders:
        start = time.perf_counter()
        model = KneserNey(order, vocabulary=found["vocabulary"]).fit(tokens, starts)
        fitted = time.perf_counter()
        bits = np.add.reduceat(model.score(held_tokens, held_starts), held_starts) / np.log(2)
        for row, value in zip(found["documents"], bits.tolist(), strict=True):
            row["bits"][str(order)] = value
        found["models"].append(
            {
                "order": order,
                "bits_per_byte": bits.sum() / sum(sizes),
                "ngrams": [len(level.keys) for level in model.levels],
                "discounts": [level.discounts[1:].tolist() for level in model.levels],
                "estimated": [level.estimated for level in model.levels],
                "seconds": {"fit": fitted - start, "score": time.perf_counter() - fitted},
            }
        )
    return found


def show(found: dict[str, Any]) -> None:
    train, valid, seconds = found["train"], found["valid"], found["seconds"]
    print(
        f"{train['documents']:,} documents to train on ({train['tokens']:,} tokens of {found['vocabulary']:,}), "
        f"{valid['documents']:,} held out ({valid['tokens']:,} tokens, {valid['bytes']:,} bytes, "
        f"{found['tokens_per_byte']:.4f} tokens per byte)."
    )
    print(f"Tokenizer {seconds['tokenizer']:.0f} s, tokenizing {seconds['tokenizing']:.0f} s.")
    print(f"{'Kneser-Ney':<12}{'n-grams':>14}{'bits per byte':>16}{'15 % below':>12}{'fit s':>8}{'score s':>9}")
    for model in found["models"]:
        spent, rate = model["seconds"], model["bits_per_byte"]
        print(
            f"{str(model['order']) + '-gram':<12}{sum(model['ngrams']):>14,}{rate:>16.4f}{rate * TARGET:>12.4f}"
            f"{spent['fit']:>8.0f}{spent['score']:>9.1f}"
        )
        if fixed := [str(order) for order, known in enumerate(model["estimated"], start=1) if not known]:
            print(f"  fixed discounts {FALLBACK} at order {', '.join(fixed)}: its counts of counts give none")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=ROOT.parent / "shared" / "text", help="where the files lie")
    parser.add_argument("--train", type=Path, nargs="+", help="default: *.train.txt.zst of --text")
    parser.add_argument("--valid", type=Path, nargs="+", help="default: valid.txt.zst of --text")
    parser.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json; default: learnt from --train")
    parser.add_argument("--vocabulary", type=int, default=8192, help="size of the tokenizer that is learnt")
    parser.add_argument("--orders", default="5,3", help="orders of the models, with commas")
    parser.add_argument("--json", type=Path, help="write everything that was measured here, document by document")
    asked = parser.parse_args()
    asked.orders = [int(order) for order in asked.orders.split(",")]
    asked.train = asked.train or sorted(asked.text.glob("*.train.txt.zst"))
    asked.valid = asked.valid or [asked.text / "valid.txt.zst"]
    if not asked.train:
        sys.exit(f"There is no *.train.txt.zst in {asked.text}: give another --text, or --train and --valid files.")
    return asked


def main() -> None:
    os.environ["RAYON_NUM_THREADS"] = "1"  # the tokenizers' threads
    asked = read_options()
    found = measure(asked)
    show(found)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
