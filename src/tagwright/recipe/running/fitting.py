"""Fitting: a labeler is built, taught and trained, and scored on dev while it is. Knows no folder of a run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from transformers import TrainerCallback

from tagwright.errors import ModelError
from tagwright.evaluation.counts import Rates
from tagwright.evaluation.report import evaluate
from tagwright.inference.runner import Runner, is_out_of_memory
from tagwright.models.labeler import Labeler
from tagwright.recipe.build import build
from tagwright.recipe.corpora import ONLY, Corpora
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.notice import PARTS
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.arguments import make_arguments
from tagwright.training.batches import Pieces
from tagwright.training.features import keep_features
from tagwright.training.mixture import MixedPieces
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode

NONE = Rates(0.0, 0.0, 0.0)  # where there is nothing to find and nothing is found


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
