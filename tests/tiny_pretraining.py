"""Pretraining runs that take a second: a few lines of text, a backbone of two layers."""

from pathlib import Path
from typing import Any

from tagwright.pretraining.recipe import PretrainingRecipe

ANIMALS = ("fox", "dog", "owl", "hare")


def make_text(documents: int = 12) -> str:
    """Documents of one to three paragraphs."""
    meetings = [
        [f"A {ANIMALS[n % 4]} {n} met a {one} in field {n * k}." for k, one in enumerate(ANIMALS)]
        for n in range(documents)
    ]
    return "\n\n".join("\n".join(each[: 1 + n % 3]) for n, each in enumerate(meetings)) + "\n"


def write_text(folder: Path, **settings: Any) -> dict[str, Any]:
    """Text to learn from and held-out text in a folder; gives the settings of `[text]`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in (("train.txt", 24), ("held.txt", 8)):
        if not (folder / name).exists():  # text that is written again counts as changed
            (folder / name).write_text(make_text(documents), encoding="utf-8")
    return {"train": [str(folder / "train.txt")], "valid": [str(folder / "held.txt")]} | settings


def make_recipe(folder: Path, objective: str = "clm", **settings: Any) -> PretrainingRecipe:
    """Eight steps; `settings` by dotted name."""
    kind = "encoder-decoder" if objective == "span" else "encoder" if objective == "mlm" else "decoder"
    steps = {"max_steps": 8, "length": 32, "per_device_train_batch_size": 4, "eval_rows": 4, "eval_steps": 4}
    plain = PretrainingRecipe.from_dict(
        {
            "text": write_text(folder),
            "tokenizer": {"size": 400},
            "model": {"kind": kind, "width": 16, "inner_width": 16, "layers": 2, "heads": 2},
            "objective": {"name": objective},
            "training": steps | {"logging_steps": 3, "save_steps": 4},
        }
    )
    return plain.change(settings)
