"""The model card of a backbone, and the facts of its run in words. Writes no file and knows nothing of weights' values.

Files are told by name, without folders.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tagwright.evaluation.page.elements import show_count
from tagwright.io.hub import HUB
from tagwright.models.versions import find_versions
from tagwright.pretraining.corpus.overlap import OverlapTable
from tagwright.pretraining.corpus.text import find_files
from tagwright.pretraining.corpus.tokenfile import TokenFile
from tagwright.pretraining.learning.trainer import BITS, SPEED
from tagwright.pretraining.objectives import OBJECTIVES, ObjectiveConfig
from tagwright.pretraining.objectives.config import READS
from tagwright.pretraining.run import Pretrained, count_tokens
from tagwright.tuning.weights import count_weights

SIGHTS = {
    ("one", "left"): "left: a token sees itself and what precedes it",
    ("one", "both"): "both sides: a token sees its whole document",
    ("two", "both"): "both sides in the encoder, left in the decoder",
}
COMPRESSES = "It says how well the model compresses the text, whatever its tokenizer."
HIDES = "Only hidden tokens are predicted, so that it compares runs with the same objective and no others."


def describe(outcome: Pretrained) -> Mapping[str, str]:
    """The facts of a run, for people."""
    recipe, config = outcome.recipe, outcome.model.config
    steps, kind = recipe.training, OBJECTIVES[recipe.objective.name]
    shape = config.get_text_config()
    layers = f"{shape.num_hidden_layers} layers{' in the encoder' if config.is_encoder_decoder else ''}"
    tokens = count_tokens(steps, steps.max_steps)
    passes = tokens / len(outcome.text.train.tokens)
    start, tokenizer = recipe.model.start, recipe.tokenizer.model or recipe.model.start
    origin = f"that of {_name_model(tokenizer)}" if tokenizer else "learned from the text"
    batch = count_tokens(steps, 1) // steps.length
    return {
        "Held-out text": _tell_score(outcome.history),
        "Architecture": f"{type(outcome.model).__name__}, {layers}, width {shape.hidden_size}",
        "Weights": f"{count_weights(outcome.model):,}, saved as {steps.save_dtype}",
        "Started from": _name_model(start) if start else "random weights",
        "Objective": _tell_objective(recipe.objective),
        "Sight": SIGHTS[kind.architecture, kind.final_sight],
        "Tokenizer": f"{len(outcome.text.tokenizer):,} tokens, {origin}",
        "Steps": f"{steps.max_steps:,} of {batch:,} rows of {steps.length:,} tokens",
        "Tokens seen": f"{tokens:,} ({passes:.2f} passes over the text)",
        "Optimizer": f"{steps.optimizer}, learning rate {steps.learning_rate:g}, {steps.dtype}",
        "Seed": str(steps.seed),
        "Time": _tell_time(outcome),
        "Versions": ", ".join(f"{name} {number}" for name, number in find_versions().items()),
    }


def _tell_objective(config: ObjectiveConfig) -> str:
    read = [f"{name} {getattr(config, name)}" for name in READS[config.name]]
    return ", ".join([config.name, *read])


def _name_model(name: str) -> str:
    return Path(name).resolve().name if Path(name).is_dir() else name


def _tell_score(history: Sequence[Mapping[str, float]]) -> str:
    scored = [entry for entry in history if BITS in entry]
    if not scored:
        return "not scored"
    return f"{scored[-1][BITS]:.4f} bits per byte at step {scored[-1]['step']:,}"


def _tell_time(outcome: Pretrained) -> str:
    """Of all steps, without scoring and saving, by the speeds in the log: a run may have been stopped and resumed."""
    timed = [entry for entry in outcome.history if SPEED in entry]
    seconds, done = 0.0, 0
    for entry in timed:
        read = count_tokens(outcome.recipe.training, int(entry["step"]))
        tokens, done = read - done, read
        seconds += tokens / entry[SPEED]
    return f"{seconds:,.0f} s" + (f", {done / seconds:,.0f} tokens per second" if timed else "")


def list_drops(outcome: Pretrained) -> Iterator[str]:
    """What the text shared with labelled files and was left out for it, a line each."""
    table = read_table(outcome.text.overlaps)
    if table is None:
        return
    yield table.tell()
    for name, file in table.files.items():
        if file.paragraphs:
            yield f"{name}: {show_count(file.paragraphs, 'paragraph')}, {show_count(file.characters, 'character')}"


def read_table(overlaps: Mapping[str, Any] | None) -> OverlapTable | None:
    """The table that a token file was written with."""
    return None if overlaps is None else OverlapTable.from_dict(overlaps)


def write_card(name: str, outcome: Pretrained) -> str:
    """The card as Markdown with the metadata block that model hubs read."""
    recipe = outcome.recipe
    base = f"\nbase_model: {_name_model(recipe.model.start)}" if recipe.model.start else ""
    facts = [("", ""), *describe(outcome).items()]
    rows = min(recipe.training.eval_rows, len(outcome.text.valid.tokens) // recipe.training.length)
    sources = [f"- {line}" for line in recipe.text.sources] or ["Not told: `text.sources` of the recipe is empty."]
    newline = "\n"
    return f"""---
library_name: transformers
pipeline_tag: feature-extraction{base}
tags:
- tagwright
---
# {name}

A backbone for sequence labelers, pretrained with Tagwright.

{_draw_table(facts)}

Bits per byte: the nats of all predictions in {rows:,} held-out rows, over the bytes of text they stand for.
{COMPRESSES if recipe.objective.name == "clm" else HIDES} The curve is in `curve.csv` and `report.html`.

## Use

    from transformers import AutoModel, AutoTokenizer
    model, tokenizer = AutoModel.from_pretrained("{name}"), AutoTokenizer.from_pretrained("{name}")

To train a labeler on it: `tagwright train --train FILE --model {name} --out FOLDER`

## Text

{_draw_table([("part", "files", "documents", "tokens", "bytes"), *_list_parts(outcome)])}

{newline.join(sources)}

## Overlap with labelled files

{_tell_overlaps(outcome)}

## Make it again

`tagwright pretrain recipe.toml --out FOLDER`, with the text where `recipe.toml` names it.
"""


def _draw_table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first row is its heading."""
    heading, *rest = [[text.replace("|", r"\|") for text in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *rest))


def _list_parts(outcome: Pretrained) -> Iterator[tuple[str, ...]]:
    text = outcome.recipe.text
    yield "learned from", _name_files(text.train), *_measure(outcome.text.train)
    yield "held out", _name_files(text.valid), *_measure(outcome.text.valid)


def _name_files(sources: Sequence[str]) -> str:
    names = (
        [source] if source.startswith(HUB) else [Path(file).name for file in find_files(source)] for source in sources
    )
    return ", ".join(name for group in names for name in group)


def _measure(file: TokenFile) -> tuple[str, ...]:
    return tuple(f"{file.about[count]:,}" for count in ("documents", "tokens", "bytes"))


def _tell_overlaps(outcome: Pretrained) -> str:
    table = read_table(outcome.text.overlaps)
    if table is None:
        return "The text was compared with no labelled file: `text.avoid` of the recipe is empty."
    heading, *files, total = table.rows()
    rest = [file for file in table.files.values() if not file.paragraphs]
    counts = sum(file.documents for file in rest), sum(file.too_short for file in rest), 0, 0
    shown = [row for row, file in zip(files, table.files.values(), strict=True) if file.paragraphs]
    clear = (f"files that share nothing: {len(rest):,}", *(f"{count:,}" for count in counts))
    return (
        f"Paragraphs that share {table.words} words in a row with any of {show_count(len(files), 'labelled file')} "
        "were left out of the text. A paragraph may count for several files.\n\n"
        + _draw_table([heading, *shown, clear, total])
    )
