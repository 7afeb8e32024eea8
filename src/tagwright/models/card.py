"""The model card: README.md of a saved labeler. Knows nothing of weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from tagwright.models.folder import Origin
from tagwright.models.labeler import Plan

WRITING = "text2text-generation"
PIPELINES = {"tagger": "token-classification", "writer": WRITING, "writers": WRITING}  # as model hubs call them


def write_card(name: str, plan: Plan, *, origin: Origin) -> str:
    """The card as Markdown with the metadata block that model hubs read."""
    scores = "\n".join(_list_scores(origin.scores)) or "No scores were taken."
    data = "\n".join(f"- {part}: {_describe(facts)}" for part, facts in origin.data.items()) or "Not recorded."
    versions = ", ".join(f"{package} {version}" for package, version in origin.versions.items())
    labels = _list_labels("Labels", plan.known.names) + _list_labels("Relations", plan.known.relations)
    return f"""---
library_name: tagwright
pipeline_tag: {PIPELINES[plan.view]}
base_model: {plan.backbone.model}
---
# {name}

A sequence labeler: {plan.backbone.model} {plan.tell()}, trained by the tuning {plan.tuning.name},
made with Tagwright.

    import tagwright
    labeler = tagwright.load("{name}")  # the path of this folder
    labeler("Some text.")

{labels}## Scores

{scores}

## Data

{data}

## Made with

{versions}. The resolved recipe is in `tagwright.json`.
"""


def _list_labels(title: str, names: Sequence[str]) -> str:
    told = ", ".join(f"`{name}`" if name else "an argument without a label" for name in names)
    return f"{title} ({len(names)}): {told}\n\n" * bool(names)


def _describe(facts: Any) -> str:
    if isinstance(facts, Mapping):
        return ", ".join(f"{key} {value}" for key, value in facts.items())
    return str(facts)


def _list_scores(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    lines = ["| part | score |", "|---|---|"]
    return lines + [f"| {name} | {value:.2f} |" for name, value in scores.items() if isinstance(value, float | int)]
