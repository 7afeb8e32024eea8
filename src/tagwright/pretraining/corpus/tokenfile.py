"""TokenFile: all documents as one long row of tokens on disk, memory-mapped. Knows no model and no objective.

tokens.bin   token ids, 16 bits each where that is enough, else 32
bounds.npy   where documents begin, and the end      about.json   what it was made from, how much there is
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagwright.errors import DataError
from tagwright.pretraining.corpus.drafts import draft
from tagwright.pretraining.corpus.text import PlainText

TOKENS, BOUNDS, ABOUT = "tokens.bin", "bounds.npy", "about.json"
AT_ONCE = 2000  # paragraphs tokenised together
SAID = 10_000_000  # bytes between two words of progress
Say = Callable[[str], None]


@dataclass(frozen=True)
class TokenFile:
    """`tokens` holds every document with its mark before and after; document i is `bounds[i]:bounds[i + 1]`."""

    tokens: NDArray[Any]
    bounds: NDArray[np.int64]
    about: Mapping[str, Any]

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes of text for each token that is predicted: all but the marks before documents."""
        return float(self.about["bytes"] / (self.about["tokens"] - self.about["documents"]))


def open_tokens(folder: Path, *, source: Mapping[str, Any]) -> TokenFile | None:
    """The token file in a folder, if it is there, whole, and made from this source."""
    if not (folder / ABOUT).is_file():
        return None
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if about["source"] != json.loads(json.dumps(source)):
        return None
    tokens = np.memmap(folder / TOKENS, dtype=about["dtype"], mode="r")
    return TokenFile(tokens, np.load(folder / BOUNDS), about)


def write_tokens(
    documents: Iterable[PlainText],
    tokenizer: Any,
    *,
    folder: Path,
    source: Mapping[str, Any],
    find_facts: Callable[[], Mapping[str, Any]] = dict,
    say: Say | None = None,
) -> TokenFile:
    """Tokenise documents into a folder; what was there is replaced once the new one is whole.

    Paragraphs are tokenised one by one and joined by the token of a line break. find_facts: what else is to stand in
    about.json, asked when all documents have been read. Where another process was first, its file is the one.
    """
    with draft(folder, is_there=lambda: open_tokens(folder, source=source) is not None) as own:
        about = _write_arrays(documents, tokenizer, own, say) | {"source": dict(source)} | dict(find_facts())
        if not about["bytes"]:
            where = f"text.{folder.name}"
            raise DataError(f"There is no text in {where}: its files are empty, or all of their text was dropped.")
        (own / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
    written = open_tokens(folder, source=source)
    if written is None:
        raise DataError("The token file was replaced by another process while it was written.", path=folder)
    return written


def _write_arrays(documents: Iterable[PlainText], tokenizer: Any, folder: Path, say: Say | None) -> dict[str, Any]:
    """Tokens and bounds; gives what there is of them."""
    kind = np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32
    bounds, size = [0], 0
    with (folder / TOKENS).open("wb") as file:
        for ids, done in _tokenise(documents, tokenizer):
            np.asarray(ids, dtype=kind).tofile(file)
            bounds.append(bounds[-1] + len(ids))
            size += done
            if say is not None and size // SAID > (size - done) // SAID:
                say(f"Tokenised {size / 1e6:.0f} MB")
    np.save(folder / BOUNDS, np.asarray(bounds, dtype=np.int64))
    return {"dtype": np.dtype(kind).name, "documents": len(bounds) - 1, "tokens": bounds[-1], "bytes": size}


def _tokenise(documents: Iterable[PlainText], tokenizer: Any) -> Iterator[tuple[list[int], int]]:
    """The tokens and the bytes of every document."""
    before, after, line = _find_marks(tokenizer)
    for group in _gather(documents):
        texts = [text for one in group for text in one.paragraphs]
        # whoever writes </s> or <mask> in a text writes letters: its marks are ours to set
        encoded = iter(tokenizer(texts, add_special_tokens=False, split_special_tokens=True).input_ids)
        for one in group:
            ids = list(before)
            for number, _ in enumerate(one.paragraphs):
                ids += next(encoded) if number == 0 else [*line, *next(encoded)]
            yield ids + after, len(one.text.encode())


def _gather(documents: Iterable[PlainText]) -> Iterator[list[PlainText]]:
    """Documents in groups that hold enough paragraphs for the tokenizer to work on at once."""
    group, paragraphs = list[PlainText](), 0
    for one in documents:
        group.append(one)
        paragraphs += len(one.paragraphs)
        if paragraphs >= AT_ONCE:
            yield group
            group, paragraphs = [], 0
    if group:
        yield group


def _find_marks(tokenizer: Any) -> tuple[list[int], list[int], list[int]]:
    """What stands before and after a document, and between paragraphs."""
    line = tokenizer.convert_tokens_to_ids("Ċ")
    known = line is not None and line != tokenizer.unk_token_id
    between = [line] if known else tokenizer("\n", add_special_tokens=False).input_ids
    starts = [one for one in (tokenizer.bos_token_id, tokenizer.cls_token_id) if one is not None][:1]
    ends = [one for one in (tokenizer.eos_token_id, tokenizer.sep_token_id) if one is not None][:1]
    return starts or ends, ends, between
