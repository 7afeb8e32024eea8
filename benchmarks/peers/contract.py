"""What a peer's script is given and what it gives back: a task as JSON in, one JSON line for each way of running out.

Runs in every peer's own environment, so it imports nothing but the standard library. Knows no peer.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENOUGH = 60.0  # seconds of measuring after which no further repeat begins
Words = list[str]
Predict = Callable[[list[Words]], Sequence[Any]]


@dataclass(frozen=True)
class Task:
    """`folder` holds a trained token classification model, as transformers writes it; `labels` are its types."""

    folder: str
    documents: list[Words]
    labels: list[str]
    threads: int
    repeat: int


def read_task() -> Task:
    """The task that the script's only argument names."""
    return Task(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))


def measure(name: str, predict: Predict, task: Task, **facts: Any) -> None:
    """Time `predict` on all documents, after a short warm-up, and print the median with some facts."""
    predict(task.documents[:64])
    times: list[float] = []
    while not times or (len(times) < task.repeat and sum(times) < ENOUGH):
        start = time.perf_counter()
        predict(task.documents)
        times.append(time.perf_counter() - start)
    words = sum(map(len, task.documents))
    row = {"name": name, "words_per_second": words / statistics.median(times), "seconds": times, **facts}
    print(json.dumps(row), flush=True)


def run_sorted(documents: list[Words], run: Callable[[list[Words]], Sequence[Any]]) -> list[Any]:
    """Give documents to `run` by length, so that little is padded, and put what it finds back in their order."""
    order = sorted(range(len(documents)), key=lambda place: len(documents[place]))
    found: list[Any] = [None] * len(documents)
    for place, result in zip(order, run([documents[place] for place in order]), strict=True):
        found[place] = result
    return found
