"""Advice: a recipe with sensible settings for a data set, each with its reason. A start, not a search."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tagwright.backbone.builtin import BACKBONE_FORMS, DEFAULT, PREFIX, UNTRAINED, WRITER, pick_rate
from tagwright.io.kind import FileOptions
from tagwright.recipe.corpus import FEW_DEV
from tagwright.recipe.inspection.summary import Summary
from tagwright.recipe.recipe import READING, Recipe

STEPS = 1500  # about so many suffice to fine-tune a small backbone
FEWEST, MOST = 4, 40  # epochs
SHORT = 40  # words; documents as short as these are best batched by number


class Advice(NamedTuple):
    """A recipe, comments by dotted name, and the settings worth showing."""

    recipe: Recipe
    notes: Mapping[str, str]
    shown: frozenset[str]


def advise(
    summary: Summary,
    *,
    files: Mapping[str, str],
    out: str,
    wanted: Mapping[str, str] | None = None,
    kind: str | None = None,
    options: FileOptions | None = None,
) -> Advice:
    """A recipe for training on `files` (train and, where there are any, dev and test).

    wanted: the model, the view and the task, by the names of settings; what isn't there follows from the documents.
    """
    wanted = wanted or {}
    options = options or FileOptions()
    notes = NOTES | {"data.train": f"{summary.documents:,} documents, {len(summary.labels)} labels"}
    settings: dict[str, Any] = {"out": out} | {f"data.{part}": file for part, file in files.items()}
    settings |= _choose_view(summary, notes, view=wanted.get("view", "writer" if "writer.task" in wanted else None))
    settings |= {"backbone.model": WRITER if settings["view"] == "writer" else DEFAULT} | dict(wanted)
    model = settings["backbone.model"]
    for name in READING:
        if (value := getattr(options, name)) != getattr(FileOptions(), name):
            settings[f"data.{name}"], notes[f"data.{name}"] = value, "as given to `tagwright init`"
    if kind is not None:
        settings["data.kind"], notes["data.kind"] = kind, "as given to `tagwright init`"
    if "dev" not in files:
        settings |= _choose_dev(summary, notes)
    settings |= _choose_batches(summary, notes)
    documents = settings.get("training.per_device_train_batch_size", 16)
    epochs = min(max(round(STEPS * documents / max(summary.documents, 1)), FEWEST), MOST)
    settings["training.num_train_epochs"] = epochs
    if "tuning.name" not in settings:  # another tuning has a rate of its own
        settings["training.learning_rate"] = pick_rate(model)
    if model.startswith(PREFIX):
        random = ", random weights" * (model == UNTRAINED)
        notes["backbone.model"] = f"small{random}: shows the way; put a hub id or a folder here for good scores"
        notes["training.learning_rate"] = "for so small a model; larger ones 2e-5 to 1e-4; no line: the tuning's own"
    return Advice(Recipe().change(settings), notes, frozenset(settings) | frozenset(notes))


def _choose_view(summary: Summary, notes: dict[str, str], *, view: str | None) -> dict[str, str]:
    """What holds all that the documents have: tags, else the pairs head; a writer where fields are, or it is asked for.

    Spans without a label are taken for arguments of given predicates.
    """
    if view is None:
        view = "tagger" if summary.labels else "writer"
    if view == "writer":
        guess = "dst" if summary.fields else "srl" if summary.untyped else "joint-er" if summary.relations else "ner"
        return {"view": view, "writer.task": guess}
    edges = sum(summary.relations.values())
    held = {"relations": edges, "overlapping spans": summary.overlapping}
    if told := " and ".join(f"{what} ({count:,})" for what, count in held.items() if count):
        notes["head.name"] = f"holds {told}, which softmax and crf can't; so does a writer: init --view writer"
        return {"view": view, "head.name": "pairs"}
    return {"view": view}


def _choose_dev(summary: Summary, notes: dict[str, str]) -> dict[str, str]:
    """A share of train where that is enough to choose the epoch by, else cross-validation."""
    if summary.documents * Recipe().data.dev_share >= FEW_DEV:
        notes["data.dev_share"] = "no dev file: this share of train is set aside, always the same documents"
        return {}
    notes["draw"] = f"No dev file, and of {summary.documents:,} documents too few to be one."
    notes["draw.dev_policy"] = "trains in 5 folds to find the number of epochs, then on all; full sets a tenth aside"
    return {"draw.dev_policy": "cv"}


def _choose_batches(summary: Summary, notes: dict[str, str]) -> dict[str, int]:
    """So many documents where all are short, a budget of tokens where lengths differ widely."""
    if summary.lengths.find_quantile(0.99) <= SHORT:
        notes["training.per_device_train_batch_size"] = "documents in a batch; 8 where there are few in all"
        return {"training.per_device_train_batch_size": 16 if summary.documents >= 500 else 8}
    notes["training.tokens_per_batch"] = "padded tokens in a batch: lengths differ widely; halve it if memory is short"
    return {"training.tokens_per_batch": 2048 if summary.documents >= 500 else 1024}


NOTES = {
    "view": "tagger puts a head on words; writer lets a model write the labels (docs/writer.md)",
    "data": "Files, and how they are read. `tagwright inspect` says what is in them.",
    "backbone": "The pretrained model.",
    "backbone.model": BACKBONE_FORMS,
    "backbone.max_tokens": "longer documents are cut into windows that overlap",
    "head": "How words get their labels.",
    "head.name": "softmax, crf (keeps tags consistent, costs a little time) or pairs (overlapping spans, relations)",
    "writer": "What a model writes.",
    "writer.task": "ner, joint-er, relation, srl, events, dst ...: what is given and what is predicted",
    "writer.format": "inline, records (shorter, spans may cross) or sentinel",
    "training": "Names are those of transformers.TrainingArguments; any of them may stand here.",
    "training.num_train_epochs": "more for fewer documents; training stops earlier when dev stops improving",
    "training.learning_rate": "2e-5 to 1e-4 is usual; without this line every tuning has a rate of its own",
    "training.early_stopping_patience": "epochs without a better F1 on dev; 0 trains to the end",
    "training.seed": "initialisation and order; --seeds 3 trains three times and shows the spread",
    "training.bf16": "true halves memory and time on a GPU that knows bfloat16",
}
