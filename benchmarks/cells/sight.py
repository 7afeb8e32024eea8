"""Cells of the sight study: fine-tune a backbone under a plan, read words at a place, repeat the text; score one part.

The screen's cells are scored on dev and never see test. Cells of other studies say the rest of their recipe themselves.
Knows nothing of tables, nor which cells there are.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from cells.finetuning import find_folder
from cells.rightward import measure_need

import tagwright
from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation
from tagwright.text.sampling import draw_shots
from tagwright.text.span import Span

PARTS = ("train", "dev", "test")
METRICS = {"ud_en_ewt": "accuracy"}  # every word has a label; elsewhere the F1 of whole spans


def run_cell(settings: Mapping[str, Any]) -> dict[str, Any]:
    run = {"need": find_need, "screen": fine_tune, "confirm": fine_tune}
    return run[settings["step"]](settings)


def find_file(corpus: str, folder: str, *, part: str) -> Path | None:
    paths = (Path(folder, corpus, f"{part}.{suffix}") for suffix in ("conll", "jsonl"))
    return next((path for path in paths if path.is_file()), None)


@cache
def read_part(corpus: str, folder: str, *, part: str, whole: bool = False, turns: int | None = None) -> list[Document]:
    """All documents with their spans; what else a file holds (relations) is left aside, if they aren't wanted whole.

    turns: dialogues end after so many.
    """
    path = find_file(corpus, folder, part=part)
    if path is None:
        raise DataError(
            f"There is no {part}.conll or {part}.jsonl in {Path(folder, corpus)}. Runs and their report "
            "read the corpora of one folder: put them there."
        )
    documents = tagwright.read(path)
    if turns is not None:
        return [end_dialogue(document, turns) for document in documents]
    return documents if whole else [document.only(("spans",)) for document in documents]


def end_dialogue(document: Document, turns: int) -> Document:
    """The first turns of a dialogue, and what holds after them."""
    said = document.turns[:turns]
    fields = tuple(field for field in document.fields if field.turn < turns)
    return replace(document.slice(0, said[-1].end), turns=said, fields=fields)


def read_all(settings: Mapping[str, Any], *, part: str) -> list[Document]:
    how = {"whole": settings.get("whole", False), "turns": settings.get("turns")}
    return read_part(settings["corpus"], settings["data"], part=part, **how)


def cut_part(settings: Mapping[str, Any], *, part: str) -> list[Document]:
    """At most as many documents as the settings say, always the same ones."""
    documents = read_all(settings, part=part)
    return draw_shots(documents, min(settings["documents"][part], len(documents)), seed=0)


def find_need(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How much this corpus needs its right context."""
    return measure_need(cut_part(settings, part="train"), cut_part(settings, part="dev"))


def fine_tune(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a fixed number of epochs, score in percent, and keep what was predicted for test.

    The seed draws the training documents and rules the training.
    """
    train = read_all(settings, part="train")
    began = time.perf_counter()
    labeler = tagwright.train(
        train,
        cut_part(settings, part="dev"),
        model=str(find_folder(settings["model"])),
        settings=list_settings(settings, documents=len(train)),
    )
    trained = time.perf_counter()
    scored = "dev" if settings["step"] == "screen" else "test"
    gold = cut_part(settings, part=scored)
    predicted = labeler.predict(gold)
    report = tagwright.evaluate(gold, predicted, cases=0)
    result = {
        "score": 100 * report.score(settings.get("metric") or find_metric(settings["corpus"])),
        "train_seconds": trained - began,
        "predict_seconds": time.perf_counter() - trained,
        "moved": labeler.tagger.tuning.count(labeler.tagger),
        "added": labeler.tagger.fusion.added,
    }
    return result | (list_found(predicted) if scored == "test" else {})


def list_settings(settings: Mapping[str, Any], *, documents: int) -> dict[str, Any]:
    """The recipe of a cell. Without `sight` a backbone is taken as it is; what a study sets itself goes first."""
    chosen = {} if settings["sight"] is None else {"backbone.sight": settings["sight"]}
    return chosen | {
        "backbone.read_at": settings["read_at"],
        "backbone.repeat": settings["repeat"],
        "draw.shots": min(settings["documents"]["train"], documents),
        "draw.dev_policy": "full",
        "training.num_train_epochs": settings["epochs"],
        "training.learning_rate": settings["rate"],
        "training.per_device_train_batch_size": settings["batch"],
        "training.seed": settings["seed"],
        "training.eval_strategy": "no",
        "training.save_strategy": "no",
        **settings.get("recipe", {}),
    }


def find_metric(corpus: str) -> str:
    return METRICS.get(corpus, "exact.f1")


def list_found(documents: Sequence[Document]) -> dict[str, list[Any]]:
    """What was predicted, as JSON can hold it."""
    spans = [[(span.start, span.end, span.label) for span in document.spans] for document in documents]
    edges = [[(edge.head, edge.tail, edge.label) for edge in document.relations] for document in documents]
    fields = [[(field.name, field.values, field.turn) for field in document.fields] for document in documents]
    return {"spans": spans} | {name: found for name, found in (("relations", edges), ("fields", fields)) if any(found)}


def rebuild(gold: Sequence[Document], found: Mapping[str, Any]) -> list[Document]:
    """Predicted documents from what a cell kept of them."""
    edges, fields = (found.get(name) or [[]] * len(gold) for name in ("relations", "fields"))
    return [
        replace(
            document.with_spans(Span(*span) for span in spans),
            relations=tuple(Relation(*edge) for edge in between),
            fields=tuple(Field(name, tuple(values), turn) for name, values, turn in states),
        )
        for document, spans, between, states in zip(gold, found["spans"], edges, fields, strict=True)
    ]
