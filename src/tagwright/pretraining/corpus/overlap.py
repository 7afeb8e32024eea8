"""Decontamination: paragraphs that share a run of words with an evaluation file are dropped and counted.

Words are compared in lower case, by their letters and digits alone, so that files of words and running text agree.
Knows nothing of labels.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagwright.errors import RecipeError
from tagwright.io.files import scan
from tagwright.io.hub import HUB
from tagwright.pretraining.corpus.text import PlainText, find_files
from tagwright.text.ledger import Ledger

Hashes = NDArray[np.uint64]

# Scripts that don't part words by blanks (Thai to Burmese, Khmer, kana, Han) are compared character by character.
UNPARTED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[^\W_{UNPARTED}]+|[{UNPARTED}]")
CLITIC = re.compile(r"\s+(?=n['\u2019]t\b)|(?<=\bcan)\s+(?=not\b)")  # "do n't" and "can not" in files of words
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no word's share of a hash is shifted out


def _split(text: str) -> list[str]:
    return WORD.findall(CLITIC.sub("", unicodedata.normalize("NFKC", text).lower()))


def _hash_runs(numbers: NDArray[np.int64], words: int) -> tuple[NDArray[np.int64], Hashes]:
    """Where runs of `words` known words begin (a word that isn't known has number -1), and their hashes."""
    if len(numbers) < words:
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    known = np.concatenate(([0], np.cumsum(numbers >= 0)))
    starts = np.flatnonzero(known[words:] - known[:-words] == words)
    values = _mix(numbers.astype(np.uint64))
    hashes = np.zeros(len(starts), np.uint64)
    for place in range(words):
        hashes = hashes * BASE + values[starts + place]
    return starts, _mix(hashes)


def _mix(values: Hashes) -> Hashes:
    """Spread numbers over 64 bits (the finaliser of splitmix64), alike in every process."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass
class Overlap:
    """What one evaluation file shares with the text: paragraphs, and their characters.

    Of its `documents`, those `too_short` have fewer words than a run, so that nothing can be said of them.
    """

    documents: int
    too_short: int
    paragraphs: int = 0
    characters: int = 0


@dataclass
class Amount:
    """How much text."""

    documents: int = 0
    paragraphs: int = 0
    characters: int = 0


@dataclass
class OverlapTable:
    """What was seen, what was dropped, and for which evaluation file. A paragraph may count for several files."""

    words: int = 0
    seen: Amount = field(default_factory=Amount)
    dropped: Amount = field(default_factory=Amount)
    files: dict[str, Overlap] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A heading, one row for each evaluation file, and what was dropped in all."""
        yield "evaluation file", "documents", "too short to check", "paragraphs dropped", "characters dropped"
        for name, file in self.files.items():
            counts = (file.documents, file.too_short, file.paragraphs, file.characters)
            yield name, *(f"{count:,}" for count in counts)
        documents = sum(file.documents for file in self.files.values())
        too_short = sum(file.too_short for file in self.files.values())
        dropped, seen = self.dropped, self.seen
        paragraphs = f"{dropped.paragraphs:,} of {seen.paragraphs:,}"
        characters = f"{dropped.characters:,} of {seen.characters:,}"
        yield "all", f"{documents:,}", f"{too_short:,}", paragraphs, characters

    def tell(self) -> str:
        """What was dropped, in a line."""
        return (
            f"{self.dropped.paragraphs:,} of {self.seen.paragraphs:,} paragraphs of the text, since they share "
            f"{self.words} words in a row with labelled files"
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "OverlapTable":
        files = {name: Overlap(**file) for name, file in values["files"].items()}
        return cls(values["words"], Amount(**values["seen"]), Amount(**values["dropped"]), files)


@dataclass(frozen=True)
class EvaluationNgrams:
    """Hashes of all runs of `words` words, for each evaluation file. A run never leaves its document.

    Only words that an evaluation file knows have a number; no run with another one can be shared.
    """

    words: int
    numbers: dict[str, int]
    files: dict[str, Hashes]  # sorted
    every: Hashes  # those of all files, sorted
    sizes: dict[str, tuple[int, int]]  # documents, and those of them too short to check

    @classmethod
    def read(cls, paths: Sequence[str], *, words: int = 13) -> "EvaluationNgrams":
        """Labelled files of any kind, or globs of them."""
        if words < 1:
            raise RecipeError(f"A run of {words} words can't be shared: words must be 1 or more. 13 is usual.")
        numbers: dict[str, int] = {}
        files, sizes = dict[str, Hashes](), dict[str, tuple[int, int]]()
        for name, path in _name_files(paths).items():
            texts = [_split(document.text) for document in scan(path, ledger=Ledger())]  # only labels can be lost
            for word in chain.from_iterable(texts):
                numbers.setdefault(word, len(numbers))
            parted = [number for text in texts for number in (*map(numbers.__getitem__, text), -1)]
            files[name] = np.unique(_hash_runs(np.array(parted, np.int64), words)[1])
            sizes[name] = (len(texts), sum(len(text) < words for text in texts))
        every = np.unique(np.concatenate([np.empty(0, np.uint64), *files.values()]))
        return cls(words, numbers, files, every, sizes)

    def find(self, paragraphs: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
        """For each evaluation file with an overlap, which paragraphs have it: P.

        Runs go on from one paragraph to the next, because a text may be broken into short lines.
        """
        texts = [_split(paragraph) for paragraph in paragraphs]
        owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        known = (self.numbers.get(word, -1) for word in chain.from_iterable(texts))
        starts, hashes = _hash_runs(np.fromiter(known, np.int64, len(owners)), self.words)
        shared = _is_in(hashes, self.every)
        starts, hashes = starts[shared], hashes[shared]
        found: dict[str, NDArray[np.bool_]] = {}
        if not len(starts):
            return found
        for name, own in self.files.items():
            if len(begun := starts[_is_in(hashes, own)]):
                edges = np.zeros(len(texts) + 1, np.int64)
                np.add.at(edges, owners[begun], 1)
                np.add.at(edges, owners[begun + self.words - 1] + 1, -1)
                found[name] = np.cumsum(edges)[:-1] > 0
        return found


def drop_overlaps(
    documents: Iterable[PlainText], ngrams: EvaluationNgrams, *, found: OverlapTable
) -> Iterator[PlainText]:
    """The documents without the paragraphs that share a run of words; one that keeps nothing doesn't come."""
    found.words = ngrams.words
    for name, size in ngrams.sizes.items():
        found.files.setdefault(name, Overlap(*size))
    for document in documents:
        lengths = np.array([len(paragraph) for paragraph in document.paragraphs], np.int64)
        _add(found.seen, lengths)
        drops = np.zeros(len(lengths), bool)
        for name, mask in ngrams.find(document.paragraphs).items():
            drops |= mask
            found.files[name].paragraphs += int(mask.sum())
            found.files[name].characters += int(lengths[mask].sum())
        if not drops.any():
            yield document
            continue
        _add(found.dropped, lengths[drops], whole=bool(drops.all()))
        if not drops.all():
            kept = zip(document.paragraphs, drops, strict=True)
            yield PlainText(document.name, tuple(paragraph for paragraph, drop in kept if not drop))


def _add(amount: Amount, lengths: NDArray[np.int64], *, whole: bool = True) -> None:
    amount.documents += whole
    amount.paragraphs += len(lengths)
    amount.characters += int(lengths.sum())


def _is_in(hashes: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """By halving: numpy's isin would sort the known ones for every document."""
    if not len(known):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    mask: NDArray[np.bool_] = known[places] == hashes
    return mask


def _name_files(paths: Sequence[str]) -> dict[str, Path]:
    """Each file once, by its name and its folder's; by its whole path where two would have one name."""
    files = dict.fromkeys(
        file for path in paths for file in ([Path(path)] if path.startswith(HUB) else find_files(path))
    )
    named: dict[str, Path] = {}
    for file in files:
        name = "/".join(file.parts[-2:])
        named[str(file) if name in named else name] = file
    return named
