"""Cells that measure held-out bits per byte: of language models, and of a Kneser-Ney model on the very same tokens.

What is predicted depends on the model: a causal one predicts each token from those before it, an encoder masked ones,
an encoder-decoder the spans that were cut out. Knows nothing of tables.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kneser_ney import KneserNey
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from tagwright.pretraining.corpus.tokenfile import ABOUT, TokenFile, open_tokens
from tagwright.pretraining.learning.learner import Learner
from tagwright.pretraining.objectives import OBJECTIVES, read_vocabulary
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Rows

LENGTH, STRIDE, BATCH = 256, 128, 16
RATE, MASKS = 0.15, 2
ORDER = 5
PREDICTED = {
    "clm": f"every token from those before it (windows of {LENGTH}, {STRIDE} or more before a scored one)",
    "mlm": f"{RATE:.0%} masked tokens given the others on both sides ({MASKS} fixed draws)",
    "span": f"{RATE:.0%} in cut-out spans given the rest ({MASKS} fixed draws; not where a span ends)",
}


@dataclass(frozen=True, eq=False)
class Question:
    """A lesson, and where the text that it asks for stands in the token file."""

    lesson: Lesson
    asked: np.ndarray


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out documents as tokens, and the tokenizer that made them."""

    file: TokenFile
    tokenizer: Any
    documents: int

    @classmethod
    def open(cls, settings: Mapping[str, Any]) -> "HeldOut":
        folder = Path(settings["tokens"])
        file = open_file(folder / "valid")
        documents = min(settings["documents"] or len(file.bounds), len(file.bounds) - 1)
        return cls(file, AutoTokenizer.from_pretrained(folder / "tokenizer"), documents)

    @cached_property
    def tokens(self) -> np.ndarray:
        return np.asarray(self.file.tokens[: self.file.bounds[self.documents]]).astype(np.int64)

    @cached_property
    def sizes(self) -> np.ndarray:
        """UTF-8 bytes of each token: none of special ones, nor the blank that is put before every paragraph."""
        names = self.tokenizer.convert_ids_to_tokens(list(range(len(self.tokenizer))))
        special = set(self.tokenizer.all_special_ids)
        lengths = np.array([0 if at in special else len(name) for at, name in enumerate(names)])
        blank = np.array([name.startswith("Ġ") for name in names])
        opens = np.array([name in (self.tokenizer.bos_token, "Ċ") for name in names])
        first = np.roll(opens[self.tokens], 1)
        return lengths[self.tokens] - (first & blank[self.tokens])

    def ask(self, task: str, *, draw: int, decoder_start: int | None = None) -> Iterator[Question]:
        """All that a task asks of the held-out text, window by window, no window across documents."""
        vocabulary = read_vocabulary(self.tokenizer, decoder_start=decoder_start)
        wish = ObjectiveConfig(name=task) if task == "clm" else ObjectiveConfig(name=task, rate=RATE)
        objective = OBJECTIVES[task](wish, vocabulary)
        generator = torch.Generator().manual_seed(draw)
        windows = self.cut_windows(STRIDE if task == "clm" else LENGTH)
        for at in range(0, len(windows), BATCH):
            part = windows[at : at + BATCH]
            rows = self.make_rows(part)
            lesson = objective.teach(rows, generator=generator, progress=0.0)
            yield find_asked(rows, lesson, part, sentinels=set(vocabulary.sentinels))

    def cut_windows(self, stride: int) -> np.ndarray:
        """N 3: where a window begins and ends, and where what is new in it begins."""
        windows = []
        for begin, end in zip(self.file.bounds[: self.documents], self.file.bounds[1:], strict=False):
            new, start = begin, begin
            while new < end:
                windows.append((start, min(start + LENGTH, end), new))
                new, start = start + LENGTH, start + stride
        return np.array(windows)

    def make_rows(self, windows: np.ndarray) -> Rows:
        places = windows[:, :1] + np.arange(LENGTH)
        inside = torch.from_numpy(places < windows[:, 1:2])
        ids = torch.from_numpy(self.tokens[np.minimum(places, len(self.tokens) - 1)])
        return Rows(ids.masked_fill(~inside, self.tokenizer.pad_token_id), inside.long() - 1)


def find_asked(rows: Rows, lesson: Lesson, windows: np.ndarray, *, sentinels: set[int]) -> Question:
    places = torch.from_numpy(windows[:, :1] + np.arange(LENGTH))
    if lesson.decoder is not None:  # the marks of spans are no text
        keep = lesson.keep & ~torch.isin(lesson.targets, torch.tensor(sorted(sentinels)))
        return Question(replace(lesson, keep=keep), places[find_cut(rows, lesson, sentinels)].numpy())
    if lesson.sight == "left":  # what follows is predicted
        keep = lesson.keep & (places + 1 >= torch.from_numpy(windows[:, 2:]))
        return Question(replace(lesson, keep=keep), (places[keep] + 1).numpy())
    return Question(lesson, places[lesson.keep].numpy())


def find_cut(rows: Rows, lesson: Lesson, sentinels: set[int]) -> torch.Tensor:
    """B T bool: the tokens that span corruption took away, found by laying what is left beside the text."""
    cut = torch.zeros_like(rows.ids, dtype=torch.bool)
    for row in range(len(rows.ids)):
        lengths: dict[int, int] = {}
        for token in lesson.targets[row][lesson.keep[row]].tolist():
            if token in sentinels:
                lengths[mark := token] = 0
            else:
                lengths[mark] += 1
        place = 0
        for token in lesson.ids[row][lesson.packs[row] >= 0].tolist():
            step = lengths[token] if token in sentinels else 1
            cut[row, place : place + step] = token in sentinels
            place += step
    return cut


def measure_model(settings: Mapping[str, Any]) -> dict[str, Any]:
    held = HeldOut.open(settings)
    if AutoTokenizer.from_pretrained(settings["folder"]).get_vocab() != held.tokenizer.get_vocab():
        raise ValueError(f"{settings['folder']} has another tokenizer than {settings['tokens']}: give its --tokens.")
    task = settings["task"]
    loader = AutoModelForSeq2SeqLM if task == "span" else AutoModelForCausalLM
    learner = Learner(loader.from_pretrained(settings["folder"], dtype=torch.float32).eval(), two=task == "span")
    start = getattr(learner.model.config, "decoder_start_token_id", None)
    nats, size, count = 0.0, 0, 0
    with torch.inference_mode():
        for draw in range(1 if task == "clm" else MASKS):
            for question in held.ask(task, draw=draw, decoder_start=start):
                nats += float(teach(learner, question.lesson))
                size += int(held.sizes[question.asked].sum())
                count += len(question.asked)
    return {"bits_per_byte": nats / np.log(2) / size, "tokens": count, "bytes": size}


def teach(learner: Learner, lesson: Lesson) -> torch.Tensor:
    """The nats of all predictions."""
    wish = {"targets": lesson.targets, "keep": lesson.keep, "sight": lesson.sight}
    if lesson.decoder is not None:
        wish |= {"decoder_ids": lesson.decoder[0], "decoder_packs": lesson.decoder[1]}
    return learner(lesson.ids, lesson.packs, **wish)


def measure_ngrams(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Kneser-Ney on the tokens of each task, always given what stands before them."""
    held = HeldOut.open(settings)
    train = open_file(Path(settings["tokens"]) / "train")
    many = min(settings["documents"] or len(train.bounds), len(train.bounds) - 1)
    begin = held.tokenizer.bos_token_id
    model = KneserNey(ORDER, vocabulary=len(held.tokenizer))
    model.fit(*drop_marks(np.asarray(train.tokens[: train.bounds[many]]), train.bounds[:many], begin))
    nats = np.zeros(len(held.tokens))
    nats[held.tokens != begin] = model.score(*drop_marks(held.tokens, held.file.bounds[: held.documents], begin))
    found = {}
    for task in PREDICTED:
        draws = range(1 if task == "clm" else MASKS)
        asked = np.concatenate([question.asked for draw in draws for question in held.ask(task, draw=draw)])
        found[task] = float(nats[asked].sum() / np.log(2) / held.sizes[asked].sum())
    return {"bits_per_byte": found, "train_tokens": int(train.bounds[many] - many), "order": ORDER}


def drop_marks(tokens: np.ndarray, starts: np.ndarray, mark: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens without the mark before each document, which an n-gram model has of its own."""
    return tokens[tokens != mark], starts - np.arange(len(starts))


def find_task(folder: str) -> str:
    """What a model of this family learned to predict."""
    config = AutoConfig.from_pretrained(folder)
    if config.is_encoder_decoder:
        return "span"
    return "clm" if getattr(config, "is_causal", True) else "mlm"


def open_file(folder: Path) -> TokenFile:
    about = folder / ABOUT
    source = json.loads(about.read_text(encoding="utf-8"))["source"] if about.is_file() else {}
    file = open_tokens(folder, source=source)
    if file is None:
        raise FileNotFoundError(f"There is no token file in {folder}: give --tokens the folder of a pretraining run.")
    return file
