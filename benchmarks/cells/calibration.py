"""Cells of the study of calibration: a labeler trained, calibrated on dev, and what its scores are worth on test."""

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from cells.finetuning import PARTS, find_folder

import tagwright
from tagwright.errors import DataError
from tagwright.evaluation.calibration.coverage import Case, Proposal, fit_coverage, make_cases, measure_coverage
from tagwright.evaluation.calibration.fit import fit_calibration
from tagwright.evaluation.calibration.outcomes import collect
from tagwright.evaluation.calibration.reliability import measure
from tagwright.text.document import Document
from tagwright.text.sampling import draw_shots

KINDS = ("conll", "jsonl")  # of a corpus' files: the first that is there; flat spans, then nested ones
Labelled = tuple[list[Document], list[Proposal]]  # gold, and what is proposed for it


def find_files(folder: Path, *, nested: bool = False) -> dict[str, Path]:
    """The file of each part, if they are there; those of nested spans first where these can be learned."""
    for kind in reversed(KINDS) if nested else KINDS:
        found = {part: path for part in PARTS if (path := folder / f"{part}.{kind}").is_file()}
        if len(found) == len(PARTS):
            return found
    return {}


@cache
def read_corpus(name: str, folder: str, *, nested: bool) -> dict[str, list[Document]]:
    """All documents of a corpus, read once by every process."""
    return {part: tagwright.read(path) for part, path in find_files(Path(folder, name), nested=nested).items()}


def run_head(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a fixed number of epochs. Dev takes no part in it: it is kept for the calibration."""
    nested, most = settings["head"]["name"] == "pairs", settings["documents"]
    parts = read_corpus(settings["corpus"], settings["data"], nested=nested)
    dev, test = (draw_shots(parts[part], min(most[part], len(parts[part])), seed=0) for part in ("dev", "test"))
    began = time.perf_counter()
    labeler = tagwright.train(parts["train"], dev, settings=list_settings(settings, len(parts["train"])))
    trained = time.perf_counter()
    known, new = (label(labeler, documents) for documents in (dev, test))
    return {
        "f1": 100 * tagwright.evaluate(new[0], list_documents(new), cases=0).score("exact.f1"),
        "errors": measure_errors(known, new),
        "drawn_errors": draw_errors(known, new, draws=settings["error_draws"]),
        "coverage": measure_coverages(known, new, settings),
        "train_seconds": trained - began,
        "label_seconds": time.perf_counter() - trained,
    }


def label(labeler: Any, documents: Sequence[Document]) -> Labelled:
    return list(documents), list(labeler.propose(documents))


def list_documents(labelled: Labelled) -> list[Document]:
    """What is predicted."""
    return [each.document for each in labelled[1]]


def measure_errors(known: Labelled, new: Labelled) -> dict[str, Any]:
    """For spans, and relations where they are predicted: the error on new documents before and after, and by which map.

    A part too rare to be calibrated is left out.
    """
    try:
        fitted, found = fit_calibration(known[0], list_documents(known)), {}
    except DataError:
        return {}
    predicted = list_documents(new)
    calibrated = [fitted.calibration.apply(document) for document in predicted]
    sides = {"before": collect(new[0], predicted), "after": collect(new[0], calibrated)}
    for name, part in fitted.parts.items():
        if all(name in side for side in sides.values()):
            errors = {when: asdict(measure(side[name])) for when, side in sides.items()}
            found[name] = {"method": part.choice.method, "predicted": len(sides["after"][name]), **errors}
    return found


def draw_errors(known: Labelled, new: Labelled, *, draws: int) -> dict[str, Any]:
    """The same on random halves of both together, the mean over draws: what is left where dev and test are alike."""
    pool, found = [*zip(*known, strict=True), *zip(*new, strict=True)], dict[str, list[dict[str, float]]]()
    for draw in range(draws):
        random.Random(draw).shuffle(pool)
        halves = [
            (list(gold), list(said)) for gold, said in (zip(*half, strict=True) for half in (pool[::2], pool[1::2]))
        ]
        for name, part in measure_errors(*halves).items():
            after = part["after"]
            told = {"before": part["before"]["error"], "after": after["error"], "perfect": after["perfect"]}
            found.setdefault(name, []).append(told)
    return {name: {key: statistics.mean(run[key] for run in runs) for key in runs[0]} for name, runs in found.items()}


def measure_coverages(known: Labelled, new: Labelled, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Chosen on dev and tried on test, which may be of another kind; and chosen on half of both together, drawn at
    random, and tried on the other half: exchangeable, as the promise needs them. The mean over many such draws."""
    how = {"wanted": settings["wanted"], "most": settings["most_added"]}
    cases = [make_cases(*labelled) for labelled in (known, new)]
    pool, shares, handed = [*cases[0], *cases[1]], [], []
    for draw in range(settings["draws"]):
        random.Random(draw).shuffle(pool)
        half = len(pool) // 2
        done = try_coverage(pool[:half], pool[half:], how)
        if done is None:
            return {"official": None, "drawn": None}
        shares.append(done["share"])
        handed.append(done["handed"])
    drawn = {"share": statistics.mean(shares), "spread": statistics.pstdev(shares), "handed": statistics.mean(handed)}
    return {"official": try_coverage(cases[0], cases[1], how), "drawn": drawn}


def try_coverage(known: Sequence[Case], new: Sequence[Case], how: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where no coverage can be promised."""
    try:
        coverage = fit_coverage(known, **how)
    except DataError:
        return None
    return {**asdict(coverage), **asdict(measure_coverage(new, coverage))}


def list_settings(settings: Mapping[str, Any], there: int) -> dict[str, Any]:
    return {
        "backbone.model": str(find_folder(settings["model"])),
        **{f"head.{name}": value for name, value in settings["head"].items()},
        "tuning.head_learning_rate": settings["head_rate"],
        "draw.shots": min(settings["documents"]["train"], there),
        "draw.dev_policy": "full",
        "training.learning_rate": settings["rate"],
        "training.num_train_epochs": settings["epochs"],
        "training.per_device_train_batch_size": settings["batch"],
        "training.bf16": settings["bf16"],
        "training.seed": settings["seed"],
        "training.eval_strategy": "no",
        "training.save_strategy": "no",
    }
