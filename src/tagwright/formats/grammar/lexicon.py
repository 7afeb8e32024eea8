"""Lexicon: how a tokenizer writes the words of a target, and how it reads them again. Knows no rule and no model.

A target is tokenised word by word, each with the blank before it and the first one without, as in running text.
For tokenizers whose tokens don't span blanks (all of the usual ones) these are the tokens of the target as a whole.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from tagwright.errors import ModelError
from tagwright.formats.grammar.trie import Ids, Node, build_trie
from tagwright.text.span import Chars

ANCHOR = "a"  # stands before a word, so that the word comes with its blank
KEPT = 200_000  # words; more than that are forgotten, all at once
KEPT_TRIES = 5_000
BLANKS = ("Ġ", "▁", " ")
PLACE = re.compile(r"<\d+>")  # as one token it is a word, and has no blank in it


@dataclass(frozen=True)
class Reading:
    """A text, and the probability of some of its characters: that of all words which they touch."""

    text: str
    score: Callable[[Chars], float | None]


class Lexicon:
    """The tokens of written words. `end` is the id of the token that ends a target."""

    def __init__(self, tokenizer: Any, *, end: int | None = None) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"{type(tokenizer).__name__} is a slow tokenizer. "
                "Writing needs a fast one: a folder with tokenizer.json."
            )
        end = tokenizer.eos_token_id if end is None else end
        if end is None:
            raise ModelError(
                f"{type(tokenizer).__name__} has no token that ends a text. Name one: set its eos_token and save it."
            )
        self.end: int = end
        self._tokenizer, self._backend = tokenizer, tokenizer.backend_tokenizer
        self._specials = frozenset(tokenizer.all_special_ids)
        self._anchor = self._encode([ANCHOR])[0]
        self._words: tuple[dict[str, Ids], dict[str, Ids]] = ({}, {})  # further ones, first ones
        self._lost: set[str] = set()
        self._tries: dict[tuple[bool, tuple[str, ...]], Node] = {}
        self._begins: dict[int, bool] = {}

    # --- writing ------------------------------------------------------------------------------------------------------

    def encode(self, text: str) -> Ids:
        """The tokens of a whole target, without the end: what a model is trained to write."""
        return self.spell(text, is_first=True)

    def spell(self, text: str, *, is_first: bool = False) -> Ids:
        """The tokens of written words; `is_first`: the first of them begins the target."""
        if not text:
            return ()
        first, *words = text.split(" ")
        self.learn((first,), is_first=is_first)
        self.learn(words)
        ids = list(self._words[is_first][first])
        for word in words:
            ids += self._words[False][word]
        return tuple(ids)

    def learn(self, words: Iterable[str], *, is_first: bool = False) -> None:
        """Tokenise these words together if they are new."""
        known, words = self._words[is_first], dict.fromkeys(words)
        if len(known) > KEPT:
            known.clear()
            self._tries.clear()
        new = [word for word in words if word not in known]
        if not new:
            return
        texts = new if is_first else [f"{ANCHOR} {word}" for word in new]
        rows = self._encode(texts) if is_first else [self._cut(ids) for ids in self._encode(texts)]
        known.update(zip(new, map(tuple, rows), strict=True))
        spelt = self._backend.decode_batch(rows, skip_special_tokens=True)
        self._lost.update(word for word, text in zip(new, spelt, strict=True) if text.strip() != word.strip())

    def _encode(self, texts: list[str]) -> list[list[int]]:
        self._backend.no_truncation()  # each call of the tokenizer may have changed these
        self._backend.no_padding()
        self._backend.encode_special_tokens = True  # a word "</s>" of a document is text, not an order to the model
        return [encoding.ids for encoding in self._backend.encode_batch(texts, add_special_tokens=False)]

    def _cut(self, ids: list[int]) -> list[int]:
        size = len(self._anchor)
        if ids[:size] != self._anchor:
            raise ModelError(
                f"The tokens of {type(self._tokenizer).__name__} span several words: it has {ids[:size]} where "
                f"{self._anchor} ({ANCHOR!r}) was expected. Choose a model whose tokens end with their word."
            )
        return ids[size:]

    def loses(self, word: str) -> bool:
        """The tokens of this word don't come back as the word: it has characters that the tokenizer can't write."""
        return word in self._lost

    def find_trie(self, texts: Sequence[str], *, is_first: bool = False) -> Node:
        """The trie of some texts, each with its number; it is kept, since labels come again with every document."""
        key = is_first, tuple(texts)
        if key not in self._tries:
            if len(self._tries) > KEPT_TRIES:
                self._tries.clear()
            entries = [(self.spell(text, is_first=is_first), number) for number, text in enumerate(texts)]
            self._tries[key] = build_trie(entries)
        return self._tries[key]

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, ids: Sequence[int], scores: Sequence[float] = ()) -> Reading:
        """The text of some tokens; `scores` are their log-probabilities."""
        text, places = "", []
        for start, end in self._part_words(ids):
            word = self._backend.decode(list(ids[start:end]), skip_special_tokens=True).strip(" ")
            if not word:
                continue
            text += f" {word}" if text else word
            places.append((len(text) - len(word), len(text), sum(scores[start:end])))
        return Reading(text, _Score(places) if scores else _score_nothing)

    def _part_words(self, ids: Sequence[int]) -> Iterable[tuple[int, int]]:
        starts = [0, *(at for at in range(1, len(ids)) if self._begins_word(ids[at])), len(ids)]
        return zip(starts, starts[1:], strict=False)

    def _begins_word(self, token: int) -> bool:
        if token not in self._begins:
            piece = self._backend.id_to_token(token) or ""
            begins = piece.startswith(BLANKS) or PLACE.fullmatch(piece) is not None
            self._begins[token] = begins and token not in self._specials
        return self._begins[token]


class _Score:
    def __init__(self, places: list[tuple[int, int, float]]) -> None:
        self.places = places

    def __call__(self, chars: Chars) -> float | None:
        touched = [score for begin, end, score in self.places if begin < chars[1] and end > chars[0]]
        return exp(sum(touched)) if touched else None


def _score_nothing(chars: Chars) -> None:
    return None


def find_break(tokenizer: Any, *, instead: int) -> int:
    """The token that is the end of a line and nothing else; another where the vocabulary has none."""
    backend = tokenizer.backend_tokenizer
    ids = backend.encode("a\na", add_special_tokens=False).ids
    return next((each for each in ids if backend.decode([each]) == "\n"), instead)
