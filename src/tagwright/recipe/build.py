"""From a recipe and its documents to a labeler that can be trained. Knows nothing of files or training."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transformers import set_seed

from tagwright.backbone.builtin import pick_rate
from tagwright.formats import TASKS
from tagwright.formats.inventory import Inventory
from tagwright.heads import HEADS, HeadConfig
from tagwright.models.tagger import TaggerPlan, build_tagger
from tagwright.models.writing.writer import WriterPlan
from tagwright.models.writing.writers import plan_writers
from tagwright.recipe.recipe import Recipe
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.tuning import TUNINGS

logger = logging.getLogger(__name__)


def resolve(recipe: Recipe, documents: Sequence[Document]) -> Recipe:
    """The recipe with everything decided that was left open: the scheme by the documents, the rate by the model."""
    open_settings: dict[str, str | float] = {}
    if recipe.view == "tagger" and recipe.head.scheme == "auto" and HEADS[recipe.head.name].tags_words:
        open_settings["head.scheme"] = find_scheme(documents)
    open_settings["training.learning_rate"] = find_rate(recipe)
    return recipe.change(open_settings)


def find_rate(recipe: Recipe) -> float:
    """The learning rate that the recipe names, or else the tuning's own, or else so many times the model's."""
    tuning: Any = TUNINGS[recipe.tuning.name]
    rate: float = tuning.rate or tuning.steps * pick_rate(recipe.backbone.model)
    return recipe.training.learning_rate or rate


def find_scheme(documents: Sequence[Document]) -> str:
    """WORD where words themselves are labelled (every span is one word and most words have one), else BIO."""
    spans = [span for document in documents for span in document.spans if span.label]
    words = sum(len(document) for document in documents)
    return "WORD" if spans and all(len(span) == 1 for span in spans) and len(spans) > words / 2 else "BIO"


def build(recipe: Recipe, documents: Sequence[Document] | Mapping[str, Sequence[Document]]) -> Any:
    """The labeler of a resolved recipe, with fresh weights where they are not pretrained; seeded.

    documents: those it is trained on; by task where a writer has several.
    """
    set_seed(recipe.training.seed)
    if isinstance(documents, Mapping):
        learned = {task: TASKS[task].learn(own, words=recipe.writer.words) for task, own in documents.items()}
        check_words(recipe, learned.values())
        writers = plan_writers(learned, recipe.backbone, writer=recipe.writer, tuning=recipe.tuning)
        return writers.attach(writers.load())
    if recipe.view == "writer":
        writer = plan_writer(recipe, documents)
        check_words(recipe, [writer.inventory])
        return writer.attach(writer.load())
    head = HeadConfig.model_validate(recipe.head.model_dump())
    labels = HEADS[head.name].list_labels(documents, head)
    plan = TaggerPlan(labels, recipe.backbone, head, recipe.fusion, recipe.tuning)
    tagger = build_tagger(plan, (word for document in documents for word in document.words))
    tagger.backbone.warn()
    return tagger


def plan_writer(recipe: Recipe, documents: Sequence[Document]) -> WriterPlan:
    """The plan of a writer of one task that has learned nothing yet."""
    inventory = TASKS[recipe.writer.task].learn(documents, words=recipe.writer.words)
    return WriterPlan(inventory, recipe.backbone, recipe.writer, recipe.tuning)


def check_words(recipe: Recipe, inventories: Iterable[Inventory]) -> None:
    """Warn of words for labels that no training document has: where few are drawn, or a name is misspelt."""
    kinds = (names for each in inventories for names in (each.spans, each.relations, each.arguments, each.slots))
    known = dict.fromkeys(label for names in kinds for label in names.labels)
    for label in recipe.writer.words or ():
        if label not in known:
            logger.warning("writer.words: no training document has the label %r.%s", label, suggest(label, known))
