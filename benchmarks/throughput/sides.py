"""The two sides of benchmarks/pretraining.py: each trains the same decoder on the same text, a block at a time.

A side is a process of its own that rests between its blocks, so that sides can take turns within a minute.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from throughput.peak import choose_clock
from throughput.shares import Profiler
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from tagwright.pretraining.architecture import build_model
from tagwright.pretraining.corpus.prepare import prepare
from tagwright.pretraining.corpus.rows import PackedRows
from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.pretraining.run import pretrain

OURS, THEIRS, JOINT = "tagwright", "transformers", "tagwright x2"
PROFILE = "profile"
PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Setting:
    """What all sides share."""

    recipe: PretrainingRecipe
    folder: Path
    threads: int
    clock: str
    warm: int  # steps before the first that counts
    kernels: bool = False  # let the profiler see what the compiler fused; costs a little time
    world: int = 1
    port: int = 29500


class Turns(TrainerCallback):  # type: ignore[misc]
    """Rests after the steps that were asked for; tells how many seconds they took."""

    def __init__(self, pipe: Connection, setting: Setting) -> None:
        self.pipe, self.left = pipe, setting.warm
        self.clock = choose_clock(setting.clock, setting.threads)
        self.began = self.clock()
        self.profiler: Profiler | None = None

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.left -= 1
        if self.left:
            return
        seconds = self.clock() - self.began
        self.pipe.send(seconds if self.profiler is None else self.profiler.finish())
        what, self.left = self.pipe.recv()
        self.profiler = Profiler() if what == PROFILE else None
        self.began = self.clock()


class PlainRows(Dataset[dict[str, Any]]):
    """The same rows as a plain run of causal language modelling reads them: labels are the ids."""

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        ids = self.rows.take([number]).ids[0]
        return {"input_ids": ids, "labels": ids}


def train_ours(setting: Setting, callbacks: list[TrainerCallback], folder: Path) -> None:
    """`tagwright pretrain`, with no line of its own but where the time is taken."""
    pretrain(setting.recipe, folder, callbacks=callbacks)


def train_theirs(setting: Setting, callbacks: list[TrainerCallback], folder: Path) -> None:
    """transformers' Trainer as it comes: float32 weights, autocast to our precision, its attention, its loss, AdamW."""
    recipe, steps = setting.recipe, setting.recipe.training
    set_seed(steps.seed)
    text = prepare(recipe, Path(recipe.text.tokens or ""), say=lambda line: None)
    model = build_model(recipe.model, text.tokenizer, length=steps.length, attn_implementation="sdpa")
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=steps.per_device_train_batch_size,
        max_steps=steps.max_steps,
        learning_rate=1e-3,
        weight_decay=steps.weight_decay,
        bf16=steps.dtype == "bfloat16",
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_steps=steps.max_steps,
        dataloader_pin_memory=False,
    )
    rows = PlainRows(PackedRows(text.train, length=steps.length))
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, callbacks=callbacks)
    trainer.remove_callback(PrinterCallback)
    trainer.train()


TRAIN: Mapping[str, Callable[[Setting, list[TrainerCallback], Path], None]] = {
    OURS: train_ours,
    THEIRS: train_theirs,
    JOINT: train_ours,
}


def work(name: str, setting: Setting, rank: int, pipe: Connection | None) -> None:
    """A process of a side. Only the first of several keeps time; the others wait for it in every step."""
    torch.set_num_threads(setting.threads)
    if setting.world > 1:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": setting.world, "LOCAL_WORLD_SIZE": setting.world}
        os.environ.update({key: str(value) for key, value in place.items()})
        os.environ.update({"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(setting.port)})
    if setting.kernels:
        import torch._inductor.config as compiler

        compiler.cpp.enable_kernel_profile = True
    callbacks = [] if pipe is None else [Turns(pipe, setting)]
    TRAIN[name](setting, callbacks, setting.folder / name.replace(" ", "-"))


@dataclass
class Side:
    """A side as its owner holds it: started, told to take a turn, ended."""

    name: str
    setting: Setting
    _processes: list[Any] = field(default_factory=list)

    def start(self) -> float:
        """Gives the seconds until it is warm."""
        self._pipe, theirs = PROCESSES.Pipe()
        for rank in range(self.setting.world):
            arguments = (self.name, self.setting, rank, None if rank else theirs)
            self._processes.append(process := PROCESSES.Process(target=work, args=arguments, daemon=True))
            process.start()
        theirs.close()
        return float(self._receive())

    def train(self, steps: int) -> float:
        """Tokens a second, of all its processes."""
        self._pipe.send(("train", steps))
        recipe = self.setting.recipe.training
        tokens = steps * recipe.per_device_train_batch_size * recipe.length * self.setting.world
        return tokens / float(self._receive())

    def profile(self, steps: int) -> dict[str, float]:
        """Seconds of a step, by what they are spent on."""
        self._pipe.send((PROFILE, steps))
        return {name: seconds / steps for name, seconds in self._receive().items()}

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise SystemExit(f"{self.name} ended before its time: see above.") from None

    def end(self) -> None:
        for process in reversed(self._processes):  # the first one rests; the others would complain of its loss
            process.kill()
            process.join()
