"""Estimate: what a training run needs in memory and time, before a weight is downloaded or a step is taken.

Says what it assumes; it is right to a factor of about two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch

from tagwright.backbone.fusion.fusion import build_fusion
from tagwright.recipe.build import plan_writer
from tagwright.recipe.estimate.lengths import Answers, Measured, measure_for_tagger, measure_for_writer
from tagwright.recipe.estimate.machine import Machine, measure_machine
from tagwright.recipe.estimate.schedule import plan_steps
from tagwright.recipe.estimate.shape import Shape, look_up, weigh
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.folds import FOLDS
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.batches import Buckets
from tagwright.tuning import TUNINGS
from tagwright.tuning.sparse.choice.documents import ROWS
from tagwright.tuning.tuning import Tuning

GIB = 1 << 30
FIXED = 0.6 * GIB  # Python and the libraries
SPARE = 1.5  # norms, activation functions and gradients on their way, beside the inputs and outputs of matrices
SCORES = 8  # matrices of attention scores that a layer keeps where no fused kernel spares them
ROWS_WRITTEN = 16  # answers that are written at a time, about
TOKEN = 0.004  # seconds of a written token beside the matrices: what may come next, and what was proposed
EFFICIENCY = 0.6  # of the measured matrix rate that a real step reaches


@dataclass(frozen=True)
class Estimate:
    """Bytes and seconds of a training run; `lengths` are the tokens of what the documents become (see `Measured`).

    answers, looks, pace: of a writer, what it writes when it is scored, how often dev is, and the seconds of a token.
    moving: of the backbone's weights, of those beside them, and of the fusion's; the head's come on top. `seconds` are
    of one training; there are as many as `trainings`.
    """

    model: str
    weights: int
    moving: int
    machine: Machine
    memory: dict[str, int]
    steps: int
    tokens: int
    seconds: float
    lengths: tuple[int, ...]
    windowed: int
    notes: Ledger
    trainings: int = 1
    has_head: bool = True
    answers: Answers | None = None
    looks: int = 0
    pace: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        return self.total <= self.machine.memory

    def to_dict(self) -> dict[str, Any]:
        left_out = {"lengths", "answers"}
        plain = {name: value for name, value in asdict(self).items() if name not in left_out}
        return plain | {"notes": self.notes.counts, "total": self.total, "fits": self.fits}

    def lines(self) -> Iterator[str]:
        """The estimate in words, with its assumptions."""
        parts = ", ".join(f"{name} {show_bytes(size)}" for name, size in self.memory.items())
        beside = ", and the head" if self.has_head else ""
        yield f"{self.model}: {self.weights / 1e6:,.1f} million weights; {self.moving:,} move{beside}"
        yield f"memory: about {show_bytes(self.total)} ({parts})"
        yield f"time: about {show_time(self.seconds)} for {self.steps:,} steps, {self.tokens:,} padded tokens an epoch"
        if self.answers is not None:
            yield from self._list_answers(self.answers)
        if self.trainings > 1:
            whole = show_time(self.trainings * self.seconds)
            yield f"cross-validation (draw.dev_policy) trains {FOLDS} times more: about {whole} in all"
        have = (
            f"{self.machine.name}: {show_bytes(self.machine.memory)}, {self.machine.flops / 1e9:,.0f} GFLOP/s measured"
        )
        yield f"machine: {have}, of which training reaches about {EFFICIENCY:.0%}"
        if not self.fits:
            alone = ', the head alone ("frozen")' if self.has_head else ""
            yield (
                f"It does not fit: {show_bytes(self.total)} are needed, {show_bytes(self.machine.memory)} are free. "
                "Make batches smaller (training.tokens_per_batch), set backbone.gradient_checkpointing = true, "
                f'train small weights beside the model (tuning.name = "lora"){alone}, or take a smaller model.'
            )

    def _list_answers(self, answers: Answers) -> Iterator[str]:
        taught = answers.taught
        gold = f"{median(taught):.0f} tokens (median), {max(taught)} at most"
        yield f"answers: gold's have {gold}; up to {answers.limit} may be written (writer.max_target_tokens)"
        count = self.looks * len(answers.dev) + len(answers.test)
        if count:
            usual = show_time(self.pace * (self.looks * sum(answers.dev) + sum(answers.test)))
            most = show_time(self.pace * count * answers.limit)
            times = [f"dev {self.looks} times"] * bool(answers.dev) + ["test once"] * bool(answers.test)
            yield (
                f"scoring: {count:,} answers are written ({', '.join(times)}), which takes on top: "
                f"about {usual} where they are as long as gold's, {most} where all go on to the limit"
            )


def show_bytes(size: float) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / (1 << 20):.0f} MiB"


def show_time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def estimate(
    recipe: Recipe,
    documents: Sequence[Document],
    *,
    dev: Sequence[Document] = (),
    test: Sequence[Document] = (),
    machine: Machine | None = None,
) -> Estimate:
    """What training by this recipe on these documents would need on this machine; of a writer what scoring does too."""
    shape, measured = measure(recipe, documents, dev=dev, test=test)
    settings, lengths = recipe.training, measured.tokens
    batches = list(
        Buckets(lengths, tokens=settings.tokens_per_batch, documents=settings.documents_per_batch, seed=settings.seed)
    )
    longest = [int(lengths[batch].max()) for batch in batches]
    padded = [len(batch) * size for batch, size in zip(batches, longest, strict=True)]
    machine = machine or measure_machine(bf16=settings.bf16)
    schedule = plan_steps(settings, batches=len(batches))
    added = count_added(recipe, shape)
    work = _Work(recipe, shape, machine, added)
    tokens = sum(padded)
    return Estimate(
        model=recipe.backbone.model,
        weights=shape.weights + added,
        moving=work.moves + work.beside,
        machine=machine,
        memory=work.find_memory(max(padded, default=0), max(longest, default=0)),
        steps=schedule.steps,
        tokens=tokens,
        seconds=work.find_seconds(tokens * schedule.epochs, schedule.steps),
        lengths=tuple(lengths.tolist()),
        windowed=measured.windowed,
        notes=measured.notes,
        trainings=FOLDS if recipe.draw.policy == "cv" else 1,  # FOLDS on all but one fold each, then one on all
        has_head=recipe.view == "tagger",
        answers=measured.answers,
        looks=1 + schedule.looks,
        pace=work.pace,
    )


def measure(
    recipe: Recipe, documents: Sequence[Document], *, dev: Sequence[Document], test: Sequence[Document]
) -> tuple[Shape, Measured]:
    """The shape of the model, and what it will read of the documents, and write."""
    if recipe.view == "writer":
        writer = plan_writer(recipe, documents).sketch()
        measured = measure_for_writer(writer, documents, dev=dev, test=test)
        return weigh(writer.backbone.model, recipe.tuning), measured
    shape, tokenizer, most = look_up(recipe.backbone, documents, tuning=recipe.tuning)
    return shape, measure_for_tagger(recipe, documents, tokenizer=tokenizer, most=most)


def count_added(recipe: Recipe, shape: Shape) -> int:
    """The weights that the fusion adds to a tagger; none is made."""
    if recipe.view == "writer":
        return 0
    with torch.device("meta"):
        return build_fusion(recipe.fusion, width=shape.width, depth=shape.layers).added


@dataclass(frozen=True)
class _Work:
    """The arithmetic: a recipe, a backbone, a machine, and the weights of the fusion, which are always trained.

    Those of the head are too few to count.
    """

    recipe: Recipe
    shape: Shape
    machine: Machine
    added: int

    @property
    def tuning(self) -> type[Tuning]:
        return TUNINGS[self.recipe.tuning.name]

    @property
    def moves(self) -> int:
        """Weights of the backbone that training changes where it changes all, in the backbone's precision."""
        return self.shape.weights if self.tuning.is_whole else 0

    @property
    def beside(self) -> int:
        """Weights that move in float32 beside the backbone: of the fusion, of adapters, of a sparse tuning its few."""
        return self.added + (0 if self.tuning.is_whole else self.shape.moving)

    @property
    def scores(self) -> int:
        """Bytes while a sparse tuning chooses: the scores of one part of the weights, and gradients taken together."""
        if not self.tuning.is_sparse:
            return 0
        plan = self.recipe.tuning.plan_sparse()
        return 4 * self.shape.weights * (1 + ROWS * (plan.gradients == "together")) // plan.parts

    @property
    def learns(self) -> bool:
        """Gradients go through the backbone."""
        return self.recipe.tuning.name != "frozen"

    @property
    def kept(self) -> int:
        """Of the backbone's weights as they are kept; NF4 takes half a byte, and its scales a hundredth."""
        size = 4 if self.recipe.backbone.dtype == "float32" else 2
        packed = self.shape.multiplied if self.tuning.needs_four_bits else 0
        return (self.shape.weights - packed) * size + int(0.51 * packed)

    def find_memory(self, tokens: int, longest: int) -> dict[str, int]:
        """Bytes by use, for a batch of so many padded tokens, the longest document of this length."""
        size = 4 if self.recipe.backbone.dtype == "float32" else 2
        floats = 2 if self.recipe.training.bf16 else 4
        per_token = int(SPARE * self.shape.wide)
        if self.shape.keeps_scores:
            per_token += SCORES * self.shape.layers * self.shape.heads * longest
        if self.recipe.backbone.gradient_checkpointing or not self.learns:
            per_token = 2 * per_token // max(self.shape.layers, 1)  # one layer at a time
        return {
            "weights": self.kept + 4 * self.beside,
            "gradients": self.moves * size + 4 * self.beside + self.scores,
            "Adam": 2 * (self.moves * size + 4 * self.beside),
            "activations": tokens * per_token * floats,
            "libraries": int(FIXED),
        }

    @property
    def pace(self) -> float:
        """Seconds for a token that is written: all weights are read for one of every row, and each has its grammar."""
        reading = self.kept / self.machine.bandwidth / ROWS_WRITTEN
        return reading + 2 * self.shape.multiplied / (self.machine.flops * EFFICIENCY) + TOKEN

    def find_seconds(self, tokens: float, steps: int) -> float:
        """For so many tokens and steps in all. By weight and token 2 operations forward, 2 back through it, 2 for its
        gradient; by weight and step Adam moves 28 bytes.
        """
        operations = 6 if self.moves or self.tuning.is_sparse else 4 if self.learns else 2
        matrices = operations * self.shape.multiplied * tokens / (self.machine.flops * EFFICIENCY)
        return matrices + steps * 28 * (self.moves + self.beside) / self.machine.bandwidth
