"""A run: from a recipe and a corpus to a trained, scored and saved labeler. Knows nothing of command lines."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import TrainerCallback

from tagwright.errors import ModelError, RecipeError
from tagwright.evaluation.counts import Rates
from tagwright.evaluation.report import Report, evaluate
from tagwright.inference.layers import weigh_layers
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import Runner, is_out_of_memory
from tagwright.models.folder import ABOUT, BACKBONE, CARD, FIXTURE, WEIGHTS, Origin, read_about
from tagwright.models.labeler import Labeler
from tagwright.models.versions import find_versions
from tagwright.models.writing.writer import Writer
from tagwright.recipe.build import build, resolve
from tagwright.recipe.corpora import ONLY, Corpora, check_tasks, tell_facts
from tagwright.recipe.corpus import Corpus, draw_corpus, require_labels
from tagwright.recipe.folds import cross_validate
from tagwright.recipe.notice import PARTS, Notice
from tagwright.recipe.recipe import USED, Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.arguments import make_arguments
from tagwright.training.batches import Pieces
from tagwright.training.callbacks import ShowProgress, StopAfter
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.features import keep_features
from tagwright.training.mixture import MixedPieces
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode

logger = logging.getLogger(__name__)
CHECKPOINTS, RUN = "checkpoints", "run.json"
RECIPE, HISTORY, REPORT, PAGE = "recipe.toml", "history.json", "report.json", "report.html"
WRITTEN = (RECIPE, HISTORY, REPORT, PAGE, ABOUT, BACKBONE, CARD, FIXTURE, WEIGHTS)  # what a run leaves in its folder
NONE = Rates(0.0, 0.0, 0.0)  # where there is nothing to find and nothing is found


@dataclass(frozen=True)
class Scored:
    """How good a labeler is on the dev and test documents of a task, and what it makes of the latter."""

    dev: Report | None = None
    test: Report | None = None
    predicted: Sequence[Document] = ()


@dataclass(frozen=True)
class Outcome:
    """What a run gives: the labeler, its scores, the log of its training, and what could not be held.

    scored: by task; where there are none to choose from, the only entry is also `dev`, `test` and `predicted`.
    """

    labeler: Predictor
    recipe: Recipe
    scored: Mapping[str, Scored]
    history: Sequence[dict[str, float]]
    unheld: Ledger
    seconds: float

    @property
    def dev(self) -> Report | None:
        return self._only.dev

    @property
    def test(self) -> Report | None:
        return self._only.test

    @property
    def predicted(self) -> Sequence[Document]:
        return self._only.predicted

    @property
    def _only(self) -> Scored:
        return self.scored.get(ONLY, Scored())


def train_labeler(
    recipe: Recipe,
    corpus: Corpus | Corpora,
    *,
    folder: Path | None = None,
    resume: bool = False,
    progress: bool = False,
    ledger: Ledger | None = None,
) -> Outcome:
    """Train one labeler; with a folder, checkpoints go there while it runs and the labeler when it is done.

    corpus: the documents, by task where a writer learns several.
    """
    began = time.monotonic()
    ledger = Ledger() if ledger is None else ledger
    corpora = prepare_corpora(recipe, corpus, ledger=ledger)
    recipe = resolve(recipe, [document for each in corpora.values() for document in each.train])
    epochs, cv_score = None, None
    if recipe.draw.policy == "cv":
        epochs, cv_score = cross_validate(recipe, corpora[ONLY], fit=fit)
        logger.info("Cross-validation: F1 %.2f after %d epochs; training on all with that.", 100 * cv_score, epochs)
    with TemporaryDirectory() as temporary:
        place = Path(temporary) if folder is None else folder / CHECKPOINTS
        checkpoint = find_checkpoint(place) if resume else None
        if checkpoint is None:
            (place / RUN).unlink(missing_ok=True)
        check_same_run(place, recipe, facts=tell_facts(corpora))
        notice = Notice(recipe, corpora, ledger=ledger, is_first=epochs is None)
        labeler, history = fit(
            recipe,
            corpora,
            folder=place,
            checkpoint=checkpoint,
            ledger=ledger,
            callbacks=[notice, *_list_callbacks(progress, epochs)],
        )
        notice.tell()
    if isinstance(labeler, Writer):
        recipe = recipe.change({"writer.max_target_tokens": labeler.sources.room})
    predictor = Predictor(labeler)
    scored = {task: _score_parts(turn_to(predictor, task), each) for task, each in corpora.items()}
    scores = tell_scores(scored)
    if cv_score is not None:
        scores["cross-validated F1"] = 100 * cv_score
    layers = weigh_layers(predictor, next(each.test or each.dev or each.train for each in corpora.values()))
    seen = {"choices": labeler.tuning.take_census(labeler), "gates": labeler.tell_gates()}
    predictor.origin = Origin(recipe.to_dict(), tell_facts(corpora), find_versions(), scores, layers, **seen)
    seconds = time.monotonic() - began
    return Outcome(predictor, recipe, scored, history, ledger, seconds)


def prepare_corpora(recipe: Recipe, corpus: Corpus | Corpora, *, ledger: Ledger) -> dict[str, Corpus]:
    """The documents of each task that are trained and scored on, drawn."""
    corpora = {ONLY: corpus} if isinstance(corpus, Corpus) else dict(corpus)
    check_tasks(recipe, corpora)
    for task, each in corpora.items():
        require_labels(recipe, each)
        corpora[task] = draw_corpus(each, recipe.draw, seed=recipe.training.seed, ledger=ledger)
    return corpora


def turn_to(labeler: Any, task: str) -> Any:
    """A labeler or a predictor for one of its tasks, where there are several."""
    return labeler if task == ONLY else labeler.choose(task)


def fit(
    recipe: Recipe,
    corpus: Corpus | Corpora,
    *,
    folder: Path,
    ledger: Ledger,
    checkpoint: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    prepare: Callable[[Labeler], None] | None = None,
) -> tuple[Labeler, list[dict[str, float]]]:
    """Build and train; gives the labeler with its best weights (the last ones without dev) and the log.

    prepare: is handed the labeler when it is built, before anything is learned.
    """
    corpora = {ONLY: corpus} if isinstance(corpus, Corpus) else corpus
    trained = {task: each.train for task, each in corpora.items()}
    labeler = build(recipe, trained if recipe.has_tasks else trained[ONLY])
    if prepare is not None:
        prepare(labeler)
    scorer, dev = None, {task: each.dev for task, each in corpora.items() if each.dev}
    if dev and recipe.training.eval_strategy != "no":
        precision = torch.bfloat16 if recipe.training.bf16 else None

        def scorer(model: Labeler) -> dict[str, float]:
            return score_tasks(model, dev, precision=precision)

    taught = {task: _teach(turn_to(labeler, task), each, task=task, ledger=ledger) for task, each in corpora.items()}
    train = MixedPieces(taught, recipe.writer.mix) if recipe.has_tasks else taught[ONLY]
    labeler.learn_weights(train.targets)
    arguments = make_arguments(recipe.training, folder, has_dev=scorer is not None)
    if not labeler.tuning.count(labeler):  # it has seen the documents that it will show, and learns nothing
        return labeler.to(arguments.device), []
    parts = {"documents": trained.get(ONLY, ()), "dev": dev.get(ONLY, ()) if scorer is not None else ()}
    try:
        learner, train = keep_features(labeler, train, **parts, config=recipe.tuning, arguments=arguments)
        trainer = LabelerTrainer(learner, arguments, config=recipe.training, data=TrainingData(train, scorer))
        for callback in callbacks:
            trainer.add_callback(callback)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            "Out of memory while training. Halve training.tokens_per_batch or training.per_device_train_batch_size "
            "(and double training.gradient_accumulation_steps), lower backbone.max_tokens, or set "
            "backbone.gradient_checkpointing = true. `tagwright inspect FILE --model M` estimates what is needed."
        ) from error
    return labeler.to(arguments.device), trainer.state.log_history


def _teach(labeler: Labeler, corpus: Corpus, *, task: str, ledger: Ledger) -> Pieces:
    """What is learned of the training documents; what of any part can't be held or isn't taught is noted."""
    lost = {part: Ledger() for part in PARTS}
    labeler.note_unheld(corpus.train, lost["train"])
    taught = encode(labeler, corpus.train, ledger=lost["train"])
    for part in ("dev", "test"):  # now that it knows what it was taught
        labeler.note_unheld(getattr(corpus, part), lost[part])
    for part, found in lost.items():
        ledger.add(found, where=f"{task} {part}".strip())
    return taught


def score_dev(labeler: Labeler, dev: Sequence[Document], *, precision: torch.dtype | None) -> dict[str, float]:
    """The scores that choose the best epoch: of what is predicted; the mean where that is spans and relations."""
    report = evaluate(dev, Runner(labeler, autocast=precision).stream(dev), cases=0)
    counted = [report.groups[group].micro.rates if group in report.groups else NONE for group in labeler.scored]
    rates = {name: fmean(getattr(each, name) for each in counted) for name in Rates._fields}
    return rates | {"accuracy": report.accuracy}


def score_tasks(
    labeler: Labeler, dev: Mapping[str, Sequence[Document]], *, precision: torch.dtype | None
) -> dict[str, float]:
    """The scores of each task, and their mean, which chooses the best epoch."""
    scored = {task: score_dev(turn_to(labeler, task), own, precision=precision) for task, own in dev.items()}
    if ONLY in scored:
        return scored[ONLY]
    means = {name: fmean(each[name] for each in scored.values()) for name in (*Rates._fields, "accuracy")}
    return means | {f"{task}_{name}": value for task, each in scored.items() for name, value in each.items()}


def _score_parts(predictor: Predictor, corpus: Corpus) -> Scored:
    return Scored(_score(predictor, corpus.dev)[0], *_score(predictor, corpus.test))


def tell_scores(scored: Mapping[str, Scored]) -> dict[str, float]:
    """The headlines in percent, by their names, of each task and part; of several tasks their means too."""
    scores: dict[str, float] = {}
    for part in ("dev", "test"):
        reports = {task: report for task, each in scored.items() if (report := getattr(each, part)) is not None}
        if len(scored) > 1 and reports:
            scores[f"mean {part} F1"] = 100 * fmean(report.headline for report in reports.values())
        named = {f"{task} {part} {report.headline_title}".strip(): report for task, report in reports.items()}
        scores |= {name: 100 * report.headline for name, report in named.items()}
    return scores


def _score(predictor: Predictor, gold: Sequence[Document]) -> tuple[Report | None, list[Document]]:
    if not gold:
        return None, []
    predicted = predictor.predict(gold)
    return replace(evaluate(gold, predicted), scored=predictor.model.scored), predicted


def _list_callbacks(progress: bool, epochs: int | None) -> list[TrainerCallback]:
    bars = [ShowProgress()] if progress else []
    return bars + ([] if epochs is None else [StopAfter(epochs)])


def check_folder(folder: Path, recipe: Recipe, *, resume: bool, overwrite: bool) -> None:
    """Refuse to train into a folder that holds a labeler, an unfinished run or files of its own, unless told how."""
    if resume and is_finished(folder):
        wanted = recipe.to_dict() | {"out": ""}
        if recipe.head.scheme == "auto":
            wanted.get("head", {}).pop("scheme", None)
        changes = _find_changes(read_about(folder)["recipe"] | {"out": ""}, wanted)
        if changed := [f"{name}: {then!r} then, {now!r} now" for name, then, now in changes if now is not None]:
            raise RecipeError(
                f"{folder} holds a finished run with other settings:\n  " + "\n  ".join(changed) + "\n"
                "Choose another --out, or --overwrite to start again."
            )
    is_used = is_finished(folder) or find_checkpoint(folder / CHECKPOINTS) is not None
    if resume and not is_used:
        logger.warning("There is nothing to resume in %s: starting from the beginning.", folder)
    if not is_used and not overwrite and (own := [name for name in WRITTEN if (folder / name).exists()]):
        raise RecipeError(
            f"{folder} is no run, but holds {', '.join(own)}, which training would replace. Choose another --out, or "
            "--overwrite to replace."
        )
    if is_used and not resume and not overwrite:
        raise RecipeError(USED.format(folder=folder))


def is_finished(folder: Path) -> bool:
    """A run in this folder has come to its end: its labeler is saved and no checkpoint is left."""
    return (folder / ABOUT).exists() and find_checkpoint(folder / CHECKPOINTS) is None


def check_same_run(
    place: Path, recipe: Recipe, *, facts: Mapping[str, Any], asked: Mapping[str, Any] | None = None
) -> None:
    """Keep what a run was begun with beside its checkpoints; refuse to resume it with anything else.

    asked: what the recipe doesn't say, by the names of the options.
    """
    path = place / RUN
    now = {"recipe": recipe.to_dict() | {"out": ""}, "data": facts, **(asked or {})}
    if not path.exists():
        place.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(now), encoding="utf-8")
        return
    then = json.loads(path.read_text(encoding="utf-8"))
    if changed := [f"{n.removeprefix('recipe.')}: {a!r} then, {b!r} now" for n, a, b in _find_changes(then, now)]:
        raise RecipeError(
            f"The run in {place.parent} was begun with other settings or data, so it can't be resumed:\n  "
            + "\n  ".join(changed)
            + "\nGive the same ones, take another folder, or start again (--overwrite, overwrite=True)."
        )


def _find_changes(then: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _find_changes(then.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif json.loads(json.dumps(now)) != then:
        yield name, then, now
