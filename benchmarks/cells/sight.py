"""Cells of the sight study: fine-tune a backbone under a plan, read words at a place, repeat the text; score one part.

The screen's cells are scored on dev and never see test. Knows nothing of tables, nor which cells there are.
"""

import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cells.finetuning import find_folder
from cells.rightward import measure_need

import tagwright
from tagwright.text.document import Document
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
def read_part(corpus: str, folder: str, *, part: str) -> list[Document]:
    """All documents with their spans; what else a file holds (relations) is left aside."""
    path = find_file(corpus, folder, part=part)
    if path is None:
        raise FileNotFoundError(f"There is no {part}.conll or {part}.jsonl in {Path(folder, corpus)}.")
    return [document.only(("spans",)) for document in tagwright.read(path)]


def cut_part(settings: Mapping[str, Any], *, part: str) -> list[Document]:
    """At most as many documents as the settings say, always the same ones."""
    documents = read_part(settings["corpus"], settings["data"], part=part)
    return draw_shots(documents, min(settings["documents"][part], len(documents)), seed=0)


def find_need(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How much this corpus needs its right context."""
    return measure_need(cut_part(settings, part="train"), cut_part(settings, part="dev"))


def fine_tune(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a fixed number of epochs, score in percent, and keep what was predicted for test.

    The seed draws the training documents and rules the training.
    """
    train = read_part(settings["corpus"], settings["data"], part="train")
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
        "score": 100 * report.score(find_metric(settings["corpus"])),
        "train_seconds": trained - began,
        "predict_seconds": time.perf_counter() - trained,
    }
    return result | ({"spans": list_spans(predicted)} if scored == "test" else {})


def list_settings(settings: Mapping[str, Any], *, documents: int) -> dict[str, Any]:
    """The recipe of a cell. Without `sight` a backbone is taken as it is."""
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
    }


def find_metric(corpus: str) -> str:
    return METRICS.get(corpus, "exact.f1")


def list_spans(documents: Sequence[Document]) -> list[list[tuple[int, int, str]]]:
    return [[(span.start, span.end, span.label) for span in document.spans] for document in documents]


def rebuild(gold: Sequence[Document], spans: Sequence[Sequence[Sequence[Any]]]) -> list[Document]:
    """Predicted documents from what a cell kept of them."""
    return [
        document.with_spans(Span(start, end, label) for start, end, label in found)
        for document, found in zip(gold, spans, strict=True)
    ]
