"""Tagwright turns open language models into sequence labelers.

    labeler = tagwright.train("train.conll", "dev.conll", model="org/name", out="runs/first")
    labeler("Marie Curie worked at the University of Paris.")
    labeler = tagwright.load("runs/first")

The names below are imported when they are first used, so that `import tagwright` loads neither torch nor numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagwright.backbone.sight.sight import Sight
    from tagwright.errors import DataError, FormatError, ModelError, RecipeError, SchemeError, TagwrightError
    from tagwright.evaluation.compare import compare
    from tagwright.evaluation.report import Report, evaluate
    from tagwright.inference.predictor import load, predict
    from tagwright.io.files import convert, read, write
    from tagwright.recipe.api import train
    from tagwright.recipe.recipe import Recipe
    from tagwright.search.api import search_sight
    from tagwright.search.curves.api import curve
    from tagwright.text.document import Document
    from tagwright.text.relation import Relation
    from tagwright.text.span import Span

_PLACES = {
    "DataError": "errors",
    "Document": "text.document",
    "FormatError": "errors",
    "ModelError": "errors",
    "Recipe": "recipe.recipe",
    "RecipeError": "errors",
    "Relation": "text.relation",
    "Report": "evaluation.report",
    "SchemeError": "errors",
    "Sight": "backbone.sight.sight",
    "Span": "text.span",
    "TagwrightError": "errors",
    "compare": "evaluation.compare",
    "convert": "io.files",
    "curve": "search.curves.api",
    "evaluate": "evaluation.report",
    "load": "inference.predictor",
    "predict": "inference.predictor",
    "read": "io.files",
    "search_sight": "search.api",
    "train": "recipe.api",
    "write": "io.files",
}

__all__ = [
    "DataError",
    "Document",
    "FormatError",
    "ModelError",
    "Recipe",
    "RecipeError",
    "Relation",
    "Report",
    "SchemeError",
    "Sight",
    "Span",
    "TagwrightError",
    "compare",
    "convert",
    "curve",
    "evaluate",
    "load",
    "predict",
    "read",
    "search_sight",
    "train",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'tagwright' has no attribute {name!r}. It has: {', '.join(__all__)}.")
    return getattr(import_module(f"tagwright.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
