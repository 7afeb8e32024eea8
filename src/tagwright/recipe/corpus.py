"""Corpus: the documents of a run: read, drawn, split, and described by hashes. Knows nothing of models."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tagwright.errors import DataError, RecipeError
from tagwright.io.files import read
from tagwright.io.source import hash_file
from tagwright.models.config import FROZEN
from tagwright.recipe.recipe import SYNTHETIC, DataConfig, DrawConfig, Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.sampling import draw_per_label, draw_percent, draw_shots, split
from tagwright.text.synthetic import make_corpus

logger = logging.getLogger(__name__)
SYNTHETIC_SIZE = 800
FEW_DEV = 20  # documents; fewer say little of which epoch is best
SPLIT_SEED = 0  # of the dev and test parts cut from train: the same for every training seed


@dataclass(frozen=True)
class Corpus:
    """Training, dev and test documents; `facts` says where each part is from (file, documents, hash).

    notes: what was done with them that whoever trains on them is to be told.
    """

    train: Sequence[Document]
    dev: Sequence[Document] = ()
    test: Sequence[Document] = ()
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def load_corpus(data: DataConfig, ledger: Ledger, *, policy: str = "full") -> Corpus:
    """Read the files of a recipe; without a dev file a seeded part of train is set aside and noted, unless the dev
    policy takes none."""
    if data.train is None:
        raise RecipeError("No training data: set data.train to a file (or --train FILE).")
    if not isinstance(data.train, str):
        raise RecipeError("data.train names files by task. That is for `tagwright train`; name one file here.")
    if data.is_synthetic:
        return _make_synthetic(data)
    parts, facts = read_parts(data, ledger)
    return set_dev_aside(Corpus(**parts, facts=facts), data.dev_share, policy=policy)


def read_parts(data: DataConfig, ledger: Ledger) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The documents of the files that are named, by part, and where they are from."""
    parts: dict[str, Any] = {}
    facts: dict[str, dict[str, Any]] = {}
    for name, path in (("train", data.train), ("dev", data.dev), ("test", data.test)):
        if isinstance(path, str):
            parts[name] = read(path, kind=data.kind, options=data.options, ledger=ledger)
            facts[name] = {"file": Path(path).name, "documents": len(parts[name]), "blake2b": hash_file(Path(path))}
    return parts, facts


def _make_synthetic(data: DataConfig) -> Corpus:
    task = str(data.train).removeprefix(SYNTHETIC)
    documents = make_corpus(task, documents=data.documents or SYNTHETIC_SIZE, seed=SPLIT_SEED)
    test = max(1, len(documents) // 5)
    train, dev = split(documents[test:], 0.15, seed=SPLIT_SEED)
    facts = {"all": {"file": f"{SYNTHETIC}{task}", "documents": len(documents), "seed": SPLIT_SEED}}
    return Corpus(train, dev, documents[:test], facts)


def set_dev_aside(corpus: Corpus, share: float, *, policy: str = "full") -> Corpus:
    """Without a dev set, cut one from train by a fixed seed and note it; cross-validation needs none."""
    if corpus.dev or not share or policy == "cv" or len(corpus.train) < 2:
        return corpus
    train, dev = split(corpus.train, share, seed=SPLIT_SEED)
    note = (
        f"No dev file: {len(dev)} of {len(corpus.train)} training documents were set aside as dev (seed {SPLIT_SEED}; "
        f"data.dev_share = {share:g}). Those of the same words, or of one group, went to the same side."
    )
    return replace(corpus, train=train, dev=dev, notes=(*corpus.notes, note))


def draw_corpus(corpus: Corpus, draw: DrawConfig, *, seed: int, ledger: Ledger) -> Corpus:
    """The drawn training documents, and a dev set that follows the policy."""
    seed = draw.seed if draw.seed is not None else seed
    if draw.is_drawing:
        drawn = _draw(corpus.train, draw, seed=seed, ledger=ledger)
        logger.info("Drew %d of %d training documents (seed %d).", len(drawn), len(corpus.train), seed)
        corpus = replace(corpus, train=drawn)
    if draw.policy == "cv":
        return replace(corpus, dev=())
    if draw.policy == "matched" and len(corpus.dev) > len(corpus.train):
        dev = draw_shots(corpus.dev, len(corpus.train), seed=seed)
        logger.info("Drew %d of %d dev documents to match (dev_policy matched).", len(dev), len(corpus.dev))
        corpus = replace(corpus, dev=dev)
    return corpus


def _draw(documents: Sequence[Document], draw: DrawConfig, *, seed: int, ledger: Ledger) -> list[Document]:
    if draw.shots is not None:
        return draw_shots(documents, draw.shots, seed=seed)
    if draw.shots_per_label is not None:
        return draw_per_label(documents, draw.shots_per_label, seed=seed, ledger=ledger)
    return draw_percent(documents, draw.percent or 100, seed=seed)


def look_over(corpus: Corpus, *, task: str = "") -> None:
    """Say what was done with the documents, and warn where dev or test stand in train word for word: scores would
    flatter."""
    of_task = f"{task}: " * bool(task)
    for note in corpus.notes:
        logger.info("%s%s", of_task, note)
    known = {document.words: document.id for document in corpus.train}
    for name in ("dev", "test"):
        seen = Ledger()
        for document in (document for document in getattr(corpus, name) if document.words in known):
            seen.note(
                f"{name} document also stands in train, word for word", f"{document.id} = {known[document.words]}"
            )
        for line in seen.lines():
            logger.warning("%s%s", of_task, line)


def check_dev_size(corpus: Corpus, recipe: Recipe, *, task: str = "") -> None:
    """Warn where a dev set chooses the epoch and is too small to: its F1 moves by points from one span to the next."""
    learns = recipe.view == "tagger" or recipe.tuning.name != FROZEN
    if not learns or not recipe.training.chooses_epoch or not 0 < len(corpus.dev) < FEW_DEV:
        return
    way = "--dev-policy cv finds the number of epochs by cross-validation on train (draw.dev_policy); more dev "
    logger.warning(
        "%sThe F1 of %d dev documents chooses the epoch, which is as good as chance. %sdocuments help%s.",
        *(f"{task}: " * bool(task), len(corpus.dev)),
        *(("More dev ", " (a dev file, or a larger data.dev_share)") if recipe.has_tasks else (way, " too")),
    )


def require_labels(recipe: Recipe, corpus: Corpus) -> None:
    """Refuse training documents without a labelled span, with what to look at; a writer looks at its own task."""
    if recipe.view == "tagger" and not any(span.label for document in corpus.train for span in document.spans):
        raise DataError(
            f"None of the {len(corpus.train)} training documents in {recipe.data.train} has a labelled span. "
            "Check the tag column (data.tag_column), of a table with a span a row that its columns are called start, "
            "end and label, or look at the file with `tagwright inspect FILE`."
        )
