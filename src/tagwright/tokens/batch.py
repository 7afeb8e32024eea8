"""Pieces and batches: encoded windows, grouped by length and padded. Knows nothing of labels or models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagwright.errors import DataError
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import Encoded, Ids, WordTokenizer
from tagwright.tokens.windows import Window, cut_windows

OnLong = Literal["window", "error", "truncate"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One window, ready for a model: token ids with special tokens, and the word that each token belongs to.

    `words[t]` counts from `first`, the first word that this window answers for; -1 marks special tokens and
    words that are only context. `count` words are answered for.
    """

    document: int
    first: int
    count: int
    ids: Ids
    words: Ids

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a window may be (special tokens and repeats included), how much neighbours share, and what long
    documents do. `repeat`: the text is given so many more times, and words are read in the last copy.
    """

    tokens: int = 512
    overlap: int = 128
    on_long: OnLong = "window"
    repeat: int = 0


class Cutter:
    """Turns documents (as words) into pieces; notes in a ledger what a limit cuts off."""

    def __init__(self, tokenizer: WordTokenizer, limits: Limits) -> None:
        self.tokenizer, self.limits = tokenizer, limits
        self._room = (limits.tokens - tokenizer.specials) // (1 + limits.repeat)
        if self._room < 1 or not 0 <= limits.overlap < self._room:
            beside = f"{tokenizer.specials} special tokens" + " and repeats" * bool(limits.repeat)
            raise DataError(
                f"Windows of {limits.tokens} tokens with an overlap of {limits.overlap} leave no room beside {beside}. "
                "Make the window longer or the overlap smaller."
            )

    def cut(self, documents: Sequence[Sequence[str]], ledger: Ledger, *, names: Sequence[str] = ()) -> list[Piece]:
        """The pieces of all documents, in order. Documents without words have none."""
        pieces: list[Piece] = []
        for index, encoded in enumerate(self.tokenizer.encode(documents)):
            name = names[index] if names else f"document {index + 1}"
            pieces += self._cut_one(index, encoded, name, ledger)
        return pieces

    def _cut_one(self, index: int, encoded: Encoded, name: str, ledger: Ledger) -> list[Piece]:
        if len(encoded) == 0:
            return []
        if len(encoded.ids) <= self._room:
            windows = [Window(0, len(encoded), 0, len(encoded))]
        else:
            windows = self._cut_long(encoded, name, ledger)
        return [self._make_piece(index, encoded, window, name, ledger) for window in windows]

    def _cut_long(self, encoded: Encoded, name: str, ledger: Ledger) -> list[Window]:
        windows = cut_windows(encoded.starts, limit=self._room, overlap=self.limits.overlap)
        if self.limits.on_long == "error":
            raise DataError(
                f"{name} has {len(encoded.ids)} tokens, {self._room} fit. "
                "Use --on-long window to cut it into overlapping windows, or --on-long truncate."
            )
        if self.limits.on_long == "window":
            return windows
        kept = Window(windows[0].start, windows[0].end, 0, windows[0].end)
        ledger.note("words beyond the window were cut off (--on-long truncate)", name, count=len(encoded) - kept.end)
        return [kept]

    def _make_piece(self, index: int, encoded: Encoded, window: Window, name: str, ledger: Ledger) -> Piece:
        begin, end = int(encoded.starts[window.start]), int(encoded.starts[window.end])
        if end - begin > self._room:
            ledger.note("a word has more tokens than a window; its end was cut off", name)
            end = begin + self._room
        edges = np.clip(encoded.starts[window.start : window.end + 1], begin, end)
        relative = np.arange(window.start - window.first, window.end - window.first, dtype=np.int32)
        relative[(relative < 0) | (relative >= window.last - window.first)] = -1
        before, after = self.tokenizer.before, self.tokenizer.after
        copies = [encoded.ids[begin:end]] * (1 + self.limits.repeat)
        ids = np.concatenate((before, *copies, after))
        if not len(ids):  # no word has a token and nothing surrounds them: a model still needs something to read
            ids = np.array([self.tokenizer.pad_id], dtype=np.int32)
            return Piece(index, window.first, window.last - window.first, ids, np.array([-1], dtype=np.int32))
        words = np.full(len(ids), -1, dtype=np.int32)
        last = len(ids) - len(after)
        words[last - (end - begin) : last] = np.repeat(relative, edges[1:] - edges[:-1])
        return Piece(index, window.first, window.last - window.first, ids, words)


class Counted:
    """A batch of pieces that answer for so many words each."""

    counts: Tensor  # B

    @property
    def width(self) -> int:
        """The most words in one piece (W)."""
        return int(self.counts.max())

    @property
    def keep(self) -> Tensor:
        """B W  True on real words."""
        return torch.arange(self.width, device=self.counts.device) < self.counts[:, None]


@dataclass(frozen=True, slots=True)
class Batch(Counted):
    """Padded pieces. Masks are bool, True = keep.

    ids       B T  token ids, padded on the right
    attend    B T  True on real tokens; None where nothing is padded
    words     B T  the word of each token, -1 for none
    counts    B    how many words each piece answers for
    """

    ids: Tensor
    attend: Tensor | None
    words: Tensor
    counts: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        attend = None if self.attend is None else self.attend.to(device)
        return Batch(self.ids.to(device), attend, self.words.to(device), self.counts.to(device))


def collate(pieces: Sequence[Piece], pad_id: int) -> Batch:
    """Pad pieces on the right into one batch."""
    lengths = np.array([len(piece) for piece in pieces])
    longest = int(lengths.max())
    ids = np.full((len(pieces), longest), pad_id, dtype=np.int64)
    words = np.full((len(pieces), longest), -1, dtype=np.int64)
    for row, piece in enumerate(pieces):
        ids[row, : len(piece)] = piece.ids
        words[row, : len(piece)] = piece.words
    attend = None if lengths.min() == longest else torch.from_numpy(np.arange(longest) < lengths[:, None])
    counts = torch.tensor([piece.count for piece in pieces])
    return Batch(torch.from_numpy(ids), attend, torch.from_numpy(words), counts)


def group(lengths: NDArray[np.int64], *, tokens: int | None = None, documents: int | None = None) -> list[list[int]]:
    """Cut a sequence of lengths, in the order given, into runs: at most `tokens` padded tokens or `documents` each."""
    batches: list[list[int]] = []
    longest = 0
    for index, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        size = len(batches[-1]) + 1 if batches else 1
        full = size > documents if documents is not None else tokens is not None and size * longest > tokens
        if not batches or full:
            batches.append([])
            longest = length
        batches[-1].append(index)
    return batches
