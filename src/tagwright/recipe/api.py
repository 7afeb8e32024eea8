"""tagwright.train: a labeler from Python in one call. Knows nothing of command lines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagwright.errors import DataError, RecipeError
from tagwright.inference.predictor import Predictor
from tagwright.recipe.corpora import ONLY, pick_files
from tagwright.recipe.corpus import Corpus, load_corpus, read_parts, set_dev_aside
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.outputs import write_outputs
from tagwright.recipe.running.place import check_folder
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

Source = str | Path | Sequence[Document]
Sources = Source | Mapping[str, Source] | None  # by task, where one writer learns several


def train(
    train: Sources = None,
    dev: Sources = None,
    *,
    test: Sources = None,
    model: str | None = None,
    out: str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Predictor:
    """Train a labeler on files or documents.

    tagwright.train("train.conll", "dev.conll", model="org/name", out="runs/first")
    tagwright.train(recipe="recipe.toml", settings={"training.learning_rate": 3e-5})
    tagwright.train({"ner": "names.conll", "srl": documents}, model="builtin:tiny-t5", settings={"view": "writer"})

    Without `dev`, a seeded part of the training documents is set aside. With `out`, the labeler, its report and its
    resolved recipe are saved there.
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe() if recipe is None else Recipe.from_toml(recipe)
    sources = {"train": train, "dev": dev, "test": test}
    named: dict[str, Any] = {"backbone.model": model, "out": None if out is None else str(out)}
    files = {f"data.{part}": _list_files(source) for part, source in sources.items()}
    if isinstance(train, Mapping):
        named["writer.task"] = ", ".join(train)
    named = {name: value for name, value in (files | named).items() if value is not None}
    plain = plain.change({**named, **(settings or {})})
    ledger = Ledger()
    corpora = _gather(plain, sources, ledger)
    folder = None if plain.out is None else Path(plain.out)
    if folder is not None:
        check_folder(folder, plain, resume=False, overwrite=False)
    outcome = train_labeler(plain, corpora, folder=folder, progress=True, ledger=ledger)
    if folder is not None:
        write_outputs(outcome, folder)
    return outcome.labeler


def _name_tasks(source: Sources) -> Mapping[str, Source]:
    """What a part is made of by task; there is one without a name where there are none to choose from."""
    return {} if source is None else source if isinstance(source, Mapping) else {ONLY: source}


def _list_files(source: Sources) -> str | dict[str, str] | None:
    """What a recipe says of a part: its file, or a file for each task; nothing where documents are at hand."""
    files = {task: str(own) for task, own in _name_tasks(source).items() if isinstance(own, str | Path)}
    return files.get(ONLY) or (files if files and len(files) == len(_name_tasks(source)) else None)


def _gather(recipe: Recipe, sources: Mapping[str, Sources], ledger: Ledger) -> dict[str, Corpus]:
    """The documents of each task: those at hand, else of the files that are named in the call or in the recipe."""
    tasks = recipe.writer.tasks if recipe.has_tasks else (ONLY,)
    for part, source in sources.items():
        if stray := set(_name_tasks(source)) - set(tasks):
            raise RecipeError(f"{part}: there is no task {sorted(stray)[0]!r} in the recipe ({', '.join(tasks)}).")
    return {task: _gather_one(recipe, task, sources, ledger) for task in tasks}


def _gather_one(recipe: Recipe, task: str, sources: Mapping[str, Sources], ledger: Ledger) -> Corpus:
    own = {part: named[task] for part, source in sources.items() if task in (named := _name_tasks(source))}
    files = {part: str(source) for part, source in own.items() if isinstance(source, str | Path)}
    given: dict[str, Any] = {p: _check_documents(p, list(s)) for p, s in own.items() if not isinstance(s, str | Path)}
    data = pick_files(recipe.data, task or recipe.writer.task).model_copy(update=files | dict.fromkeys(given))
    facts = {part: {"file": "documents in memory", "documents": len(found)} for part, found in given.items()}
    if "train" not in given:
        policy = "cv" if "dev" in given else recipe.draw.policy  # with a dev set at hand none is set aside
        corpus = load_corpus(data, ledger, policy=policy)
        return replace(corpus, **given, facts=corpus.facts | facts)
    if data.documents is not None:
        raise RecipeError("data.documents sizes the built-in corpus. Use draw.shots to train on so many documents.")
    read, read_facts = read_parts(data, ledger)
    corpus = Corpus(**(read | given), facts=read_facts | facts)
    return set_dev_aside(corpus, data.dev_share, policy=recipe.draw.policy)


def _check_documents(part: str, documents: list[Any]) -> list[Document]:
    for document in documents:
        if not isinstance(document, Document):
            raise DataError(
                f"{part} holds a {type(document).__name__}; expected a path or documents. "
                "Make one with tagwright.Document.from_words(words, spans=...) or "
                "tagwright.text.words.make_document(text, spans=[(start, end, label)])."
            )
    return documents
