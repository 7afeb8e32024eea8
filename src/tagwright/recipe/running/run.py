"""A run: from a recipe and a corpus to a trained and scored labeler. Knows nothing of command lines."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from transformers import TrainerCallback

from tagwright.evaluation.report import Report, evaluate
from tagwright.inference.layers import weigh_layers
from tagwright.inference.predictor import Predictor
from tagwright.models.folder import Origin
from tagwright.models.versions import find_versions
from tagwright.models.writing.writer import Writer
from tagwright.recipe.build import resolve
from tagwright.recipe.corpora import ONLY, Corpora, check_tasks, tell_facts
from tagwright.recipe.corpus import Corpus, draw_corpus, require_labels
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import fit, turn_to
from tagwright.recipe.running.folds import cross_validate
from tagwright.recipe.running.notice import Notice
from tagwright.recipe.running.place import CHECKPOINTS, RUN, check_same_run
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.callbacks import ShowProgress, StopAfter
from tagwright.training.checkpoints import find_checkpoint

logger = logging.getLogger(__name__)
STORED = 8


@dataclass(frozen=True)
class Scored:
    """How good a labeler is on the dev and test documents of a task, and what it makes of the latter.

    `stored`: a few of them, or of dev where there is no test, to be checked with the labeler after any load.
    """

    dev: Report | None = None
    test: Report | None = None
    predicted: Sequence[Document] = ()
    stored: Sequence[Document] = ()


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


def _score_parts(predictor: Predictor, corpus: Corpus) -> Scored:
    (dev, labelled), (test, predicted) = (_score(predictor, part) for part in (corpus.dev, corpus.test))
    return Scored(dev, test, predicted, (predicted or labelled)[:STORED])


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
