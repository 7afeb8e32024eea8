"""WordTokenizer: words to token ids, each word on its own, so that its tokens never depend on spacing.

Knows nothing of models, labels or documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagwright.errors import ModelError

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Encoded:
    """One document's tokens, without special ones. Word k has the tokens `ids[starts[k]:starts[k + 1]]`."""

    ids: Ids
    starts: Ids

    def __len__(self) -> int:
        return len(self.starts) - 1


class WordTokenizer:
    """A fast transformers tokenizer that reads words.

    Every word is given in the form it has inside running text (with a blank before it where the tokenizer
    wants one), the first word too: the same word has the same tokens wherever it stands.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"{type(tokenizer).__name__} is a slow tokenizer. "
                "Tagwright needs a fast one: a folder with tokenizer.json."
            )
        if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes up where the files are missing
            raise ModelError(
                f"The tokenizer ({type(tokenizer).__name__}) has no vocabulary. "
                "The model's folder lacks tokenizer.json: save the tokenizer beside the model."
            )
        self.tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        self._backend.encode_special_tokens = True  # a word "</s>" of a document is text, not an order to the model
        self._blank = self._find_blank()
        self.before, self.after = self._find_specials()
        pad, eos = tokenizer.pad_token_id, tokenizer.eos_token_id
        self.pad_id: int = next((token for token in (pad, eos) if token is not None), 0)

    def _encode(self, words: Sequence[str]) -> list[int]:
        encoding = self._backend.encode(list(words), is_pretokenized=True, add_special_tokens=False)
        ids: list[int] = encoding.ids
        return ids

    def _find_blank(self) -> str:
        """The blank that words need so that they come out as in running text; "" where they need none."""
        running = self._backend.encode("a b", add_special_tokens=False).ids
        plain = self._encode(["a", "b"])
        spaced = self._encode(["a", " b"])
        return " " if spaced == running and plain != running else ""

    def _find_specials(self) -> tuple[Ids, Ids]:
        """The special tokens that the tokenizer puts before and after a text."""
        bare = self._encode(["a"])
        full = self._backend.encode(["a"], is_pretokenized=True, add_special_tokens=True).ids
        for at in range(len(full) - len(bare) + 1):
            if full[at : at + len(bare)] == bare:
                return np.array(full[:at], dtype=np.int32), np.array(full[at + len(bare) :], dtype=np.int32)
        raise ModelError("The tokenizer changes a word when it adds special tokens; such a tokenizer can't be aligned.")

    @property
    def specials(self) -> int:
        """How many special tokens surround every window."""
        return len(self.before) + len(self.after)

    def encode(self, documents: Sequence[Sequence[str]]) -> list[Encoded]:
        """Tokens of many documents, given as their words. A word may get no token at all."""
        if self._blank:
            documents = [[self._blank + word for word in words] for words in documents]
        rows = [words if isinstance(words, list) else list(words) for words in documents]
        found = self._backend.encode_batch(rows, is_pretokenized=True, add_special_tokens=False)
        return [_align(encoding, len(words)) for encoding, words in zip(found, rows, strict=True)]


def _align(encoding: Any, words: int) -> Encoded:
    word_of_token = np.array(encoding.word_ids, dtype=np.int64)
    counts = np.bincount(word_of_token, minlength=words) if len(word_of_token) else np.zeros(words, dtype=np.int64)
    starts = np.zeros(words + 1, dtype=np.int32)
    np.cumsum(counts, out=starts[1:])
    return Encoded(np.array(encoding.ids, dtype=np.int32), starts)
