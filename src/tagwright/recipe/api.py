"""tagwright.train: a labeler from Python in one call. Knows nothing of command lines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagwright.errors import DataError, RecipeError
from tagwright.inference.predictor import Predictor
from tagwright.recipe.corpus import Corpus, load_corpus, set_dev_aside
from tagwright.recipe.outputs import write_outputs
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.run import check_folder, train_labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

Source = str | Path | Sequence[Document]


def train(
    train: Source | None = None,
    dev: Source | None = None,
    *,
    test: Source | None = None,
    model: str | None = None,
    out: str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Predictor:
    """Train a labeler on files or documents.

    tagwright.train("train.conll", "dev.conll", model="org/name", out="runs/first")
    tagwright.train(recipe="recipe.toml", settings={"training.learning_rate": 3e-5})

    Without `dev`, a seeded part of the training documents is set aside. With `out`, the labeler, its report and its
    resolved recipe are saved there.
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe() if recipe is None else Recipe.from_toml(recipe)
    sources = {"train": train, "dev": dev, "test": test}
    paths = {f"data.{part}": str(source) for part, source in sources.items() if isinstance(source, str | Path)}
    given: dict[str, list[Document]] = {}
    for part, source in sources.items():
        if source is not None and not isinstance(source, str | Path):
            given[part] = _check_documents(part, list(source))
    named = ({} if model is None else {"backbone.model": model}) | ({} if out is None else {"out": str(out)})
    plain = plain.change({**paths, **named, **(settings or {})})
    ledger = Ledger()
    corpus = _gather(plain, given, ledger)
    folder = None if plain.out is None else Path(plain.out)
    if folder is not None:
        check_folder(folder, plain, resume=False, overwrite=False)
    outcome = train_labeler(plain, corpus, folder=folder, progress=True, ledger=ledger)
    if folder is not None:
        write_outputs(outcome, folder)
    return outcome.labeler


def _check_documents(part: str, documents: list[Any]) -> list[Document]:
    for document in documents:
        if not isinstance(document, Document):
            raise DataError(
                f"{part} holds a {type(document).__name__}; expected a path or documents. "
                "Make one with tagwright.Document.from_words(words, spans=...) or "
                "tagwright.text.words.make_document(text, spans=[(start, end, label)])."
            )
    return documents


def _gather(recipe: Recipe, given: Mapping[str, list[Document]], ledger: Ledger) -> Corpus:
    """The corpus of the files a recipe names, with documents at hand in place of files."""
    facts = {part: {"file": "documents in memory", "documents": len(documents)} for part, documents in given.items()}
    if "train" in given:
        corpus = Corpus(given["train"], given.get("dev", ()), given.get("test", ()), facts)
        if recipe.data.documents is not None:
            raise RecipeError("data.documents sizes the built-in corpus. Use draw.shots to train on so many documents.")
        return set_dev_aside(corpus, recipe.data.dev_share, policy=recipe.draw.policy)
    corpus = load_corpus(recipe.data, ledger, policy=recipe.draw.policy)
    return replace(corpus, **given, facts=corpus.facts | facts)
