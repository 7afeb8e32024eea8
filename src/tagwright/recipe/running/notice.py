"""Notice: what is told of a run when nothing can end it before its first step: its documents, and what is lost of them.

Knows nothing of how they are trained on.
"""

import logging
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.evaluation.page.elements import show_count
from tagwright.recipe.corpora import Corpora
from tagwright.recipe.corpus import check_dev_size, look_over
from tagwright.recipe.recipe import Recipe
from tagwright.text.ledger import Ledger

logger = logging.getLogger(__name__)
PARTS = ("train", "dev", "test")
COUNTED = {"spans": "span", "relations": "relation", "fields": "field"}


class Notice(TrainerCallback):  # type: ignore[misc]
    """Told once: as training begins, or by `tell` where nothing is trained.

    ledger: what can't be held or isn't taught, by then. is_first: the documents were not told of before.
    """

    def __init__(self, recipe: Recipe, corpora: Corpora, *, ledger: Ledger, is_first: bool = True) -> None:
        self.recipe, self.corpora, self.ledger, self.is_first = recipe, corpora, ledger, is_first
        self.is_told = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.is_told |= not state.is_world_process_zero  # of several processes one tells
        self.tell()

    def tell(self) -> None:
        if self.is_told:
            return
        self.is_told = True
        for task, corpus in self.corpora.items() if self.is_first else ():
            look_over(corpus, task=task)
            check_dev_size(corpus, self.recipe, task=task)
        if self.ledger:
            sizes = ", ".join(f"{task} {_size(corpus)}".strip() for task, corpus in self.corpora.items())
            lines = "".join(f"\n  {line}" for line in self.ledger.lines())
            logger.warning("Of %s, this can't be held or isn't taught:%s", sizes, lines)


def _size(corpus: Any) -> str:
    """How much there is of each part."""
    told = []
    for part in PARTS:
        if documents := getattr(corpus, part):
            counts = {
                what: sum(len(getattr(document, kind)) for document in documents) for kind, what in COUNTED.items()
            }
            size = ", ".join(show_count(count, what) for what, count in counts.items() if count)
            told.append(f"{part} ({show_count(len(documents), 'document')}{': ' * bool(size)}{size})")
    return ", ".join(told)
