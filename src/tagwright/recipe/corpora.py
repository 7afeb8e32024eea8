"""Corpora: the documents of a run by task, where one writer learns several. Knows nothing of models.

All that is done with a corpus is done with that of each task: it is read, drawn and split as if it were the only one.
"""

from collections.abc import Mapping
from typing import Any

from tagwright.errors import DataError, RecipeError
from tagwright.recipe.corpus import Corpus, load_corpus
from tagwright.recipe.recipe import DataConfig, Recipe
from tagwright.text.ledger import Ledger

ONLY = ""  # the name of the only corpus of a labeler that has no tasks to choose from
Corpora = Mapping[str, Corpus]


def load_corpora(recipe: Recipe, ledger: Ledger) -> dict[str, Corpus]:
    """Read the files of a recipe: those of each task where there are several."""
    policy, task = recipe.draw.policy, recipe.writer.task
    if not recipe.has_tasks:
        return {ONLY: load_corpus(pick_files(recipe.data, task), ledger, policy=policy)}
    return {task: load_corpus(pick_files(recipe.data, task), ledger, policy=policy) for task in recipe.writer.tasks}


def pick_files(data: DataConfig, task: str) -> DataConfig:
    """The settings of data with the files of one task, where files are named by task."""
    files = {part: getattr(data, part) for part in ("train", "dev", "test")}
    named = {part: file.get(task) for part, file in files.items() if isinstance(file, Mapping)}
    return data.model_copy(update=named)


def tell_facts(corpora: Corpora) -> dict[str, dict[str, Any]]:
    """Where each part is from; of several tasks by task and part."""
    return {f"{task} {part}".strip(): facts for task, corpus in corpora.items() for part, facts in corpus.facts.items()}


def check_tasks(recipe: Recipe, corpora: Corpora) -> None:
    """There are training documents for every task of the recipe, and for no other."""
    wanted = recipe.writer.tasks if recipe.has_tasks else (ONLY,)
    if set(wanted) != set(corpora):
        have = ", ".join(sorted(filter(None, corpora))) or "documents of no named task"
        raise RecipeError(
            f"The recipe is for {'the tasks ' + ', '.join(wanted) if recipe.has_tasks else 'one task'}, and there are "
            f"{have}. Give documents for each task by its name: train({{'ner': ..., 'srl': ...}})."
        )
    for task, corpus in corpora.items():
        if not corpus.train and task:
            raise DataError(f"There are no training documents for the task {task!r}. Check its file, or leave it out.")
