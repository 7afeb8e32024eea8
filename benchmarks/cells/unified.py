"""Cells of the study of writers: one training for one task or for several, and a score for each of them.

The screen's cells are scored on dev and never see test. Knows nothing of tables, nor which cells there are.
"""

import statistics
import time
from collections.abc import Mapping
from typing import Any

from cells.finetuning import find_folder
from cells.sight import cut_part, list_found, read_all

import tagwright
from tagwright.inference.predictor import Predictor


def run_cell(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a fixed number of steps and score every task in percent; of test what was predicted is kept.

    The seed draws the training documents and rules the training, and dev has no part in it.
    """
    began = time.perf_counter()
    tasks = {place: settings | told for place, told in settings["tasks"].items()}
    train = {told["task"]: read_all(told, part="train") for told in tasks.values()}
    only = len(train) == 1
    labeler = tagwright.train(
        next(iter(train.values())) if only else train,
        model=str(find_folder(settings["model"])),
        settings=list_settings(settings),
    )
    trained = time.perf_counter()
    places = {
        place: score_task(labeler if only else labeler.choose(told["task"]), told) for place, told in tasks.items()
    }
    return {
        "score": statistics.mean(found["score"] for found in places.values()),
        "train_seconds": trained - began,
        "moved": labeler.model.tuning.count(labeler.model),
        "notes": list(labeler.ledger.lines()),  # what was cut off, didn't fit or was put together wrongly
        "places": places,
    }


def score_task(labeler: Predictor, settings: Mapping[str, Any]) -> dict[str, Any]:
    part = "dev" if settings["step"] == "screen" else "test"
    gold = cut_part(settings, part=part)
    began = time.perf_counter()
    predicted = labeler.predict(gold)
    seconds = time.perf_counter() - began
    report = tagwright.evaluate(gold, predicted, cases=0)
    found = {"score": 100 * report.score(settings["metric"]), "predict_seconds": seconds}
    return found | (list_found(predicted) if part == "test" else {})


def list_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a cell: nothing of train is set aside, since no epoch is chosen."""
    return {
        "draw.shots": settings["shots"],
        "draw.dev_policy": "full",
        "data.dev_share": 0,
        "training.learning_rate": settings["rate"],
        "training.per_device_train_batch_size": settings["batch"],
        "training.seed": settings["seed"],
        "training.eval_strategy": "no",
        "training.save_strategy": "no",
        **settings["recipe"],
    }
