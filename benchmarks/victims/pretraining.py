"""The pretraining run under test: text to tokens, then a small decoder in bfloat16 with Muon, many checkpoints."""

import random
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from victims.traces import STARTED, write_end

from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.pretraining.run import pretrain

STEPS = 40
SETTINGS = {
    "tokenizer.size": 500,
    "model.width": 32,
    "model.inner_width": 64,
    "model.layers": 2,
    "model.heads": 2,
    "training.max_steps": STEPS,
    "training.dtype": "bfloat16",
    "training.length": 64,
    "training.per_device_train_batch_size": 4,
    "training.gradient_accumulation_steps": 2,
    "training.save_steps": 2,
    "training.eval_steps": 4,
    "training.eval_rows": 4,
    "training.logging_steps": 1,
    "training.use_cpu": True,
}


class NoteStart(TrainerCallback):  # type: ignore[misc]
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        (self.folder / STARTED).touch()


def train(folder: Path) -> None:
    """Train, or go on with what a killed process left. All runs read the same text, beside their folders."""
    texts = {name: folder.parent / f"{name}.txt" for name in ("train", "valid")}
    for seed, (name, path) in enumerate(texts.items()):
        if not path.exists():  # by the undisturbed run, which is the first
            path.write_text(make_text(60 if name == "train" else 8, seed=seed), encoding="utf-8")
    settings: dict[str, Any] = {f"text.{name}": (str(path),) for name, path in texts.items()}
    recipe = PretrainingRecipe().change(settings | SETTINGS)
    outcome = pretrain(recipe, folder, resume=True, callbacks=[NoteStart(folder)])
    write_end(outcome.model, outcome.history, folder)


def make_text(documents: int, *, seed: int) -> str:
    """Documents of made-up words, some far more frequent than others."""
    words = ["".join(random.Random(number).choices("aeioulnrst", k=2 + number % 7)) for number in range(400)]
    drawn = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return "\n\n".join(" ".join(drawn.choices(words, weights, k=drawn.randint(20, 90))) for _ in range(documents))
