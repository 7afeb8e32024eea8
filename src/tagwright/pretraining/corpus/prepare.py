"""From text files to token files: learn the tokenizer, drop overlaps, tokenise; each made once and found again.

Knows no model and no objective.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.reading.pretrained import read_pretrained
from tagwright.errors import ModelError, RecipeError
from tagwright.io.hub import HUB
from tagwright.pretraining.corpus.drafts import draft
from tagwright.pretraining.corpus.overlap import EvaluationNgrams, OverlapTable, drop_overlaps
from tagwright.pretraining.corpus.text import find_files, read_plain
from tagwright.pretraining.corpus.tokenfile import ABOUT, TokenFile, open_tokens, write_tokens
from tagwright.pretraining.corpus.tokenizer import digest, learn_tokenizer
from tagwright.pretraining.recipe import PretrainingRecipe, TextConfig

logger = logging.getLogger(__name__)
TOKENIZER, TRAIN, VALID, OVERLAPS = "tokenizer", "train", "valid", "overlaps"
MARKED = (".jsonl", ".json", ".csv", ".tsv", ".conll", ".xml", ".html")  # files that are more than their text
LAYOUT = 2  # of the folder: a token file of another one is made anew
Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What a run learns from and is scored on. `overlaps`: an OverlapTable as JSON; None where nothing is avoided."""

    tokenizer: Any
    train: TokenFile
    valid: TokenFile
    overlaps: Mapping[str, Any] | None


def prepare(recipe: PretrainingRecipe, folder: Path, *, say: Say) -> Prepared:
    """Token files in `folder`: those that are there are used if text, settings and tokenizer are the same."""
    check_text(recipe.text)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = find_tokenizer(recipe, folder, say=say)
    source: dict[str, Any] = {"text": _fingerprint(recipe.text.train), "avoid": _fingerprint(recipe.text.avoid)}
    source |= {"avoid_words": recipe.text.avoid_words, "tokenizer": digest(tokenizer), "layout": LAYOUT}
    train = open_tokens(folder / TRAIN, source=source)
    if train is None:
        train = _write_train(recipe, tokenizer, folder, source, say)
    held = {"text": _fingerprint(recipe.text.valid), "tokenizer": digest(tokenizer)}
    valid = open_tokens(folder / VALID, source=held)
    if valid is None:
        say("Tokenising the held-out text")
        valid = write_tokens(read_plain(recipe.text.valid), tokenizer, folder=folder / VALID, source=held, say=say)
    overlaps = train.about[OVERLAPS] if recipe.text.avoid else None
    if overlaps is not None:
        say(f"Left out: {OverlapTable.from_dict(overlaps).tell()}")
    return Prepared(tokenizer, train, valid, overlaps)


def check_text(text: TextConfig) -> None:
    """Text that is learned from is not held out; what is no plain text, or none at all, is warned of."""
    learned, held = (
        {place for source in sources for place in _list_places(source)} for sources in (text.train, text.valid)
    )
    if both := sorted(map(str, learned & held)):
        raise RecipeError(
            f"{both[0]} is in text.train and in text.valid ({len(both)} such). Held-out text must be none that is "
            "learned from: take it out of one of the two."
        )
    for place in sorted(learned | held, key=str):
        if not isinstance(place, Path):
            continue
        if place.is_file() and place.stat().st_size == 0:
            logger.warning("%s is empty.", place)
        if marked := [suffix for suffix in place.suffixes if suffix in MARKED]:
            logger.warning("%s is read as plain text, with all that makes it a %s file.", place, marked[0])


def _list_places(source: str) -> list[Path | str]:
    return [source] if source.startswith(HUB) else [path.resolve() for path in find_files(source)]


def _write_train(
    recipe: PretrainingRecipe, tokenizer: Any, folder: Path, source: Mapping[str, Any], say: Say
) -> TokenFile:
    documents, table = read_plain(recipe.text.train), OverlapTable()
    if recipe.text.avoid:
        say("Reading the labelled files that the text must not share words with")
        ngrams = EvaluationNgrams.read(recipe.text.avoid, words=recipe.text.avoid_words)
        documents = drop_overlaps(documents, ngrams, found=table)

    def find_facts() -> Mapping[str, Any]:
        return {OVERLAPS: table.to_dict()}

    return write_tokens(documents, tokenizer, folder=folder / TRAIN, source=source, find_facts=find_facts, say=say)


def find_tokenizer(recipe: PretrainingRecipe, folder: Path, *, say: Say) -> Any:
    """The tokenizer that is named, that of the model to go on from, the one learned before, or a new one."""
    if recipe.tokenizer.model is not None:
        tokenizer = load_tokenizer(recipe.tokenizer.model, None)
    elif recipe.model.start is not None:
        tokenizer = load_tokenizer(recipe.model.start, recipe.model.revision)
    else:
        tokenizer = _learn(recipe, folder, say)
    if recipe.tokenizer.mask_token is not None:
        if recipe.tokenizer.mask_token not in tokenizer.get_vocab():
            raise ModelError(f"The tokenizer has no token {recipe.tokenizer.mask_token!r} to use as its mask.")
        tokenizer.mask_token = recipe.tokenizer.mask_token
    return tokenizer


def _learn(recipe: PretrainingRecipe, folder: Path, say: Say) -> Any:
    source: dict[str, Any] = {"text": _fingerprint(recipe.text.train), "size": recipe.tokenizer.size}
    place = folder / TOKENIZER

    def is_there() -> bool:
        about = place / ABOUT
        return about.is_file() and json.loads(about.read_text(encoding="utf-8")) == source

    if not is_there():
        say(f"Learning a tokenizer of {recipe.tokenizer.size} tokens")
        with draft(place, is_there=is_there) as own:
            learn_tokenizer(read_plain(recipe.text.train), size=recipe.tokenizer.size).save_pretrained(own)
            (own / ABOUT).write_text(json.dumps(source, indent=1), encoding="utf-8")
    tokenizer = load_tokenizer(str(place), None)
    if len(tokenizer) < recipe.tokenizer.size:
        say(f"It has {len(tokenizer)} tokens: the text repeats nothing that would make more.")
    return tokenizer


def load_tokenizer(name: str, revision: str | None) -> Any:
    """A tokenizer by hub id, folder or `builtin:NAME`."""
    return read_pretrained(AutoTokenizer, BackboneConfig(model=name, revision=revision))


def _fingerprint(sources: tuple[str, ...]) -> list[str]:
    """What tells one state of the sources from another, quickly: names, sizes and times; a data set's name."""
    return [mark for source in sources for mark in _mark(source)]


def _mark(source: str) -> Iterator[str]:
    if source.startswith(HUB):
        yield source
        return
    for path in find_files(source):
        state = Path(path).stat()
        yield hashlib.blake2b(f"{path} {state.st_size} {state.st_mtime_ns}".encode(), digest_size=8).hexdigest()
