"""Marks: what a model is to write and its vocabulary lacks becomes a token of its own.

A fresh token begins as the mean of the tokens that name it, so it is the same wherever it is added. Knows no format.
"""

import json
from collections.abc import Mapping
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from torch import nn

BLANK, INNER = "▁", "##"  # what begins a word in sentencepiece, and what continues one in wordpiece


def add_marks(model: Any, tokenizer: Any, *, names: Mapping[str, str], places: int = 0) -> list[str]:
    """Teach a fast tokenizer and its model the marks that it lacks; gives these.

    names: marks with the words that they begin as. places: numbers `<0>`, `<1>` ... that are to be tokens of their own.
    """
    fresh = {mark: name for mark, name in names.items() if _is_lacking(tokenizer, mark)}
    numbers = {f"<{number}>": str(number) for number in range(places) if f"<{number}>" not in tokenizer.get_vocab()}
    wanted = {mark: tokenizer(name, add_special_tokens=False)["input_ids"] for mark, name in (fresh | numbers).items()}
    pieces = _add_pieces(tokenizer, fresh)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in numbers])
    pieces |= {text: text for text in numbers}
    rows = {tokenizer.convert_tokens_to_ids(piece): wanted[mark] for piece, mark in pieces.items()}
    _fill_rows(model, rows)
    return list(fresh | numbers)


def _is_lacking(tokenizer: Any, mark: str) -> bool:
    """Alone or within a word it is unknown."""
    ids = tokenizer(f"{mark} {mark}{mark}", add_special_tokens=False)["input_ids"]
    return tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids


def _add_pieces(tokenizer: Any, marks: Mapping[str, str]) -> dict[str, str]:
    """Put marks into the vocabulary proper, so that blanks before them are kept: the pieces, each with its mark.

    An added token would lose whether a blank stood before it, and give one to what follows.
    """
    if not marks:
        return {}
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    kind, vocabulary = state["model"]["type"], state["model"]["vocab"]
    if kind == "Unigram" and len(tokenizer) == len(vocabulary):
        pieces = {before + mark: mark for mark in marks for before in ("", BLANK)}
        vocabulary += [[piece, 0.0] for piece in pieces if piece not in dict(vocabulary)]
    elif kind in ("WordPiece", "BPE"):
        pieces = {before + mark: mark for mark in marks for before in (("", INNER) if kind == "WordPiece" else ("",))}
        vocabulary |= {piece: len(tokenizer) + at for at, piece in enumerate(pieces)}
    else:
        tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in marks])
        return {mark: mark for mark in marks}
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(state))
    return pieces


@torch.no_grad()
def _fill_rows(model: Any, rows: Mapping[int, list[int]]) -> None:
    """Rows of the embeddings, in and out, from means of others; where there are too few, they become more."""
    if not rows:
        return
    table: nn.Embedding = model.get_input_embeddings()
    if max(rows) >= table.num_embeddings:
        model.resize_token_embeddings(max(rows) + 1, mean_resizing=False)
    tables = {id(part.weight): part.weight for part in (model.get_input_embeddings(), model.get_output_embeddings())}
    for weight in tables.values():
        means = {row: weight[ids].float().mean(0) for row, ids in rows.items() if ids}
        for row in rows:
            weight[row] = means.get(row, weight[: min(rows)].float().mean(0)).to(weight.dtype)
