"""Choices: when, in training, other weights are let move, and which. Knows no labelers and no data."""

import logging
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.errors import RecipeError
from tagwright.tuning.sparse.choice.documents import Documents, rank_documents, ready_to_score
from tagwright.tuning.sparse.choice.importance import Importance
from tagwright.tuning.sparse.config import SparsePlan
from tagwright.tuning.sparse.optimizer import SparseOptimizer

logger = logging.getLogger(__name__)
SHARE, LEAST, MOST = 0.1, 3, 25  # of the published count of documents, which goes by the number of batches


class Choices(TrainerCallback):  # type: ignore[misc]
    """Lets other weights move before a step where that is due: never amid one, so no gathered gradient is lost.

    history: for every choice its step, how many entries it took, how many of them moved already before it, how many
    were ever chosen, and how many of which weight it took (`counts`).
    """

    def __init__(self, plan: SparsePlan, documents: Documents, *, count: int, budget: int | None) -> None:
        self.plan, self.documents, self.count, self.budget = plan, documents, count, budget
        self.optimizer: SparseOptimizer | None = None
        self.batches = 0

    @property
    def history(self) -> list[dict[str, Any]]:
        return [] if self.optimizer is None else self.optimizer.chosen.history

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        self.check(args)
        self.optimizer, self.batches = rest["optimizer"].optimizer, len(rest["train_dataloader"])
        every = self.plan.every
        if every is not None and every >= state.max_steps:
            logger.warning(
                "tuning.every is %d, but training has %d steps: weights are chosen once, as the tuning 'fish' does it.",
                every,
                state.max_steps,
            )

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.optimizer is not None and (len(self.optimizer.chosen) == 0 or self.is_due(state.global_step)):
            self.choose(self.optimizer, step=state.global_step, seed=args.seed)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.optimizer is not None:
            self.optimizer.zero_grad()

    def check(self, args: TrainingArguments) -> None:
        """Refuse a training that this can't be a part of."""

    def is_due(self, step: int) -> bool:
        """Whether to choose again, after so many steps."""
        return self.plan.every is not None and step % self.plan.every == 0

    def count_documents(self) -> int:
        return self.plan.documents

    def has_dropout(self, step: int) -> bool:
        """Whether documents are scored as in training, after so many steps."""
        return False

    def choose(self, optimizer: SparseOptimizer, *, step: int, seed: int) -> None:
        """Let those weights move that matter most now."""
        plan, chosen = self.plan, optimizer.chosen
        importance = Importance(
            chosen,
            score=plan.importance,
            gradients=plan.gradients,
            reduce=plan.reduce,
            parts=plan.parts,
            within=plan.within,
            budget=self.budget,
        )
        with ready_to_score(self.documents.module, dropout=self.has_dropout(step)):
            ranked = rank_documents(
                self.documents,
                self.count_documents(),
                order=plan.order,
                pool=plan.pool,
                reduce=plan.reduce,
                seed=(seed, step),
            )
            places = importance.find(self.documents, ranked, count=self.count, seed=(seed, step))
        kept = optimizer.choose(places)
        counts = {name: len(part) for name, part in zip(chosen.names, places, strict=True) if len(part)}
        facts = {"step": step, "chosen": len(chosen), "kept": kept, "ever": chosen.touched.count(), "counts": counts}
        chosen.history.append(facts)
        logger.info(
            "After step %(step)d: %(chosen)d weights chosen, %(kept)d of them as before; %(ever)d were ever.", facts
        )


class PublishedChoices(Choices):
    """As the authors' code chooses, to the letter.

    Before the first step and then one step early (it counts from 1); by so many documents as a tenth of the number of
    batches, at least 3 and at most 25, and never all; with dropout from the second choice on.
    """

    def check(self, args: TrainingArguments) -> None:
        if args.gradient_accumulation_steps > 1:
            raise RecipeError(
                "The published algorithm chooses amid the micro-batches of a step and loses their gradients. "
                "Set training.gradient_accumulation_steps = 1, or use the tuning 'fish-dip'."
            )

    def is_due(self, step: int) -> bool:
        return super().is_due(step + 1)

    def count_documents(self) -> int:
        return count_published(self.batches, documents=len(self.documents.words))

    def has_dropout(self, step: int) -> bool:
        return step > 0


def count_published(batches: int, *, documents: int) -> int:
    """How many documents the authors' code takes: a share of batches where its name says documents."""
    return max(min(max(int(SHARE * batches), LEAST), MOST, documents - 1), 1)
