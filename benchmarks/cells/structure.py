"""Cells of the study of structure: a head or a writer on a corpus, and the time of a training step. Knows no tables."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from cells.finetuning import PARTS, find_folder

import tagwright
from tagwright.evaluation.report import Report
from tagwright.recipe.build import build, resolve
from tagwright.recipe.recipe import Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.sampling import draw_shots
from tagwright.text.span import find_flat

SCORES = ("exact.f1", "relations.f1", "relations.macro.f1", "roles.f1")
WARM, STEPS = 3, 15  # steps before the clock is read, and those that are timed


@cache
def read_corpus(name: str, folder: str) -> dict[str, list[Document]]:
    """All documents of a corpus, read once by every process."""
    return {part: tagwright.read(Path(folder, name, f"{part}.jsonl")) for part in PARTS}


def run_arm(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train a tagger or a writer for a fixed number of epochs and score it on test, in percent."""
    parts, most = read_corpus(settings["corpus"], settings["data"]), settings["documents"]
    cut = {part: draw_shots(parts[part], min(most[part], len(parts[part])), seed=0) for part in ("dev", "test")}
    began = time.perf_counter()
    labeler = tagwright.train(
        parts["train"], cut["dev"], settings=list_settings(settings) | draw(settings, len(parts["train"]))
    )
    trained = time.perf_counter()
    found = labeler.predict(cut["test"])
    tested = time.perf_counter()
    report = tagwright.evaluate(cut["test"], found, cases=0)
    return {
        "scores": {name: 100 * report.score(name) for name in SCORES if _counts(report, name)},
        "inner": measure_inner(cut["test"], found),
        "train_seconds": trained - began,
        "test_seconds": tested - trained,
        "words": sum(map(len, cut["test"])),
        "notes": list(labeler.ledger.lines()),  # what a writer wasn't asked, or was put together wrongly
    }


def _counts(report: Report, name: str) -> bool:
    return name in report.metrics


def measure_inner(gold: Sequence[Document], found: Sequence[Document]) -> dict[str, float]:
    """Of the spans that one tag for each word can't hold: how many there are, the percent that is found, and the
    percent that is found beside a right span that overlaps it, which no flat tagger can do."""
    wanted = hits = beside = 0
    for right, said in zip(gold, found, strict=True):
        outer, inner = find_flat([span for span in right.spans if span.label])
        there = {(*span.bounds, span.label) for span in said.spans}
        wanted += len(inner)
        for span in (each for each in inner if (*each.bounds, each.label) in there):
            rivals = [other for other in outer if other.start < span.end and span.start < other.end]
            hits, beside = hits + 1, beside + any((*each.bounds, each.label) in there for each in rivals)
    return {"spans": wanted, "recall": 100 * hits / max(wanted, 1), "beside": 100 * beside / max(wanted, 1)}


def list_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "backbone.model": str(find_folder(settings["model"])),
        **settings["recipe"],
        "training.learning_rate": settings["rate"],
        "training.num_train_epochs": settings["epochs"],
        "training.per_device_train_batch_size": settings["batch"],
        "training.bf16": settings["bf16"],
        "training.seed": settings["seed"],
        "training.eval_strategy": "no",
        "training.save_strategy": "no",
    }


def draw(settings: Mapping[str, Any], there: int) -> dict[str, Any]:
    """The seed draws the training documents; dev stays as it is."""
    return {"draw.shots": min(settings["documents"]["train"], there), "draw.dev_policy": "full"}


# --- time ------------------------------------------------------------------------------------------------------------


def time_steps(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Processor seconds of a training step of each head, in turns, on the same documents of equally many words."""
    documents = join_documents(
        read_corpus(settings["corpus"], settings["data"])["train"], words=settings["words"], count=settings["batch"]
    )
    steps = {name: prepare_step(settings | {"recipe": head}, documents) for name, head in settings["heads"].items()}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for at in range(WARM + settings["steps"]):
        for name, step in steps.items():
            began = time.process_time()
            step()
            if at >= WARM:
                seconds[name].append(time.process_time() - began)
    return {name: {"median": statistics.median(taken), "least": min(taken)} for name, taken in seconds.items()}


def prepare_step(settings: Mapping[str, Any], documents: Sequence[Document]) -> Any:
    """A function that trains a fresh labeler by one step."""
    recipe = resolve(Recipe().change(list_settings(settings)), documents)
    tagger = build(recipe, documents).train()
    pieces = tagger.cut(documents, Ledger())
    batch, gold = tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, documents))
    optimizer = torch.optim.AdamW(tagger.tuning.group(tagger, weight_decay=0.0), lr=settings["rate"])

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings["bf16"]):
            loss = tagger.loss(batch, gold)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def join_documents(documents: Sequence[Document], *, words: int, count: int) -> list[Document]:
    """So many documents of exactly so many words, each of several one after the other; the last one is cut."""
    joined, parts = [], list[Document]()
    for document in documents:
        parts.append(document)
        if sum(map(len, parts)) >= words:
            joined.append(_join(parts).slice(0, words))
            parts = []
        if len(joined) == count:
            break
    return joined


def _join(parts: Sequence[Document]) -> Document:
    texts: list[str] = []
    spans, relations = [], []
    for part in parts:
        before = len(spans)
        spans += [replace(span.shift(len(texts)), fragments=()) for span in part.spans]
        relations += [Relation(edge.head + before, edge.tail + before, edge.label) for edge in part.relations]
        texts += part.words
    return Document.from_words(texts, spans=tuple(spans), relations=tuple(relations))
