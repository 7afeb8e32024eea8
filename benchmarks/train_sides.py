"""The two sides of benchmarks/train.py: each trains the same model its own way and labels documents."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from tagwright.inference.runner import Runner
from tagwright.recipe.build import build
from tagwright.recipe.recipe import Recipe
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import SCHEMES
from tagwright.training.arguments import make_arguments
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
SIDES = ("tagwright", "transformers")
BATCH, RATE = 16, 1e-4
Documents = list[Document]
NoteDev = Callable[[float, Documents], None]


@dataclass(frozen=True)
class Setting:
    """What both sides share."""

    model: str
    precision: str
    seed: int
    epochs: int


class Side(Protocol):
    """`train` gives the seconds it trained; `label` labels documents with the weights it ended with."""

    def train(self, note_dev: NoteDev) -> float: ...
    def label(self, documents: Documents) -> Documents: ...


class Clock(TrainerCallback):
    """Runs while training; stands still while dev is labelled after an epoch."""

    def __init__(self, side: Side, dev: Documents, note_dev: NoteDev) -> None:
        self.side, self.dev, self.note_dev, self.seconds = side, dev, note_dev, 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.seconds += time.perf_counter() - self.began
        self.note_dev(self.seconds, self.side.label(self.dev))
        self.began = time.perf_counter()


class Ours:
    """Tagwright with the other side's settings: words read at their first token, no decay, no warm-up."""

    def __init__(self, setting: Setting, corpus: dict[str, Documents]) -> None:
        self.setting, self.corpus = setting, corpus
        settings = {
            "backbone.model": setting.model,
            "backbone.read_at": "first",
            "head.scheme": "BIO",
            "training.learning_rate": RATE,
            "training.num_train_epochs": setting.epochs,
            "training.per_device_train_batch_size": BATCH,
            "training.weight_decay": 0.0,
            "training.warmup_steps": 0,
            "training.seed": setting.seed,
            "training.bf16": setting.precision == "bf16",
            "training.save_strategy": "no",
            "training.eval_strategy": "no",
        }
        self.recipe = Recipe().change(settings)
        self.labeler = build(self.recipe, corpus["train"])

    def train(self, note_dev: NoteDev) -> float:
        data = TrainingData(encode(self.labeler, self.corpus["train"], ledger=Ledger()))
        with tempfile.TemporaryDirectory() as folder:
            trainer = LabelerTrainer(
                self.labeler,
                make_arguments(self.recipe.training, Path(folder), has_dev=False),
                config=self.recipe.training,
                data=data,
            )
            clock = Clock(self, self.corpus["dev"], note_dev)
            trainer.add_callback(clock)
            trainer.train()
        return clock.seconds

    def label(self, documents: Documents) -> Documents:
        precision = torch.bfloat16 if self.setting.precision == "bf16" else None
        return Runner(self.labeler, autocast=precision).predict(documents)


class Theirs:
    """transformers' recipe for token classification: first token of a word labelled, padded batches in random order."""

    def __init__(self, setting: Setting, corpus: dict[str, Documents]) -> None:
        set_seed(setting.seed)
        self.setting, self.corpus = setting, corpus
        self.scheme = SCHEMES["BIO"]
        self.tags = self.scheme.make_tags(Labels.from_documents(corpus["train"]))
        self.tokenizer = AutoTokenizer.from_pretrained(setting.model)
        self.model = AutoModelForTokenClassification.from_pretrained(setting.model, num_labels=len(self.tags))

    def encode(self, document: Document) -> dict[str, list[int]]:
        encoded = self.tokenizer(list(document.words), is_split_into_words=True, truncation=True)
        tags = self.scheme.encode([s for s in document.spans if s.label], len(document))
        labels, last = [], None
        for word in encoded.word_ids():
            known = word is not None and word != last and tags[word] in self.tags
            labels.append(self.tags.index(tags[word]) if known else -100)
            last = word
        return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": labels}

    def train(self, note_dev: NoteDev) -> float:
        half = self.setting.precision == "bf16"
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                folder,
                per_device_train_batch_size=BATCH,
                learning_rate=RATE,
                num_train_epochs=self.setting.epochs,
                seed=self.setting.seed,
                bf16=half,
                use_cpu=half and not torch.accelerator.is_available(),
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                logging_steps=0.02,
            )
            clock = Clock(self, self.corpus["dev"], note_dev)
            trainer = Trainer(
                self.model,
                arguments,
                train_dataset=[self.encode(document) for document in self.corpus["train"]],
                data_collator=DataCollatorForTokenClassification(self.tokenizer),
                callbacks=[clock],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return clock.seconds

    @torch.inference_mode()
    def label(self, documents: Documents) -> Documents:
        self.model.eval()
        collate = DataCollatorForTokenClassification(self.tokenizer)
        found: dict[int, Document] = {}
        order = sorted(range(len(documents)), key=lambda i: len(documents[i]))
        for start in range(0, len(order), 64):
            part = order[start : start + 64]
            rows = [self.encode(documents[i].with_spans(())) for i in part]
            batch = collate(rows)
            labels = batch.pop("labels")
            with torch.autocast("cpu", torch.bfloat16, enabled=self.setting.precision == "bf16"):
                best = self.model(**batch).logits.argmax(-1)
            for row, i in enumerate(part):
                tags = [self.tags[tag] for tag in best[row][labels[row] != -100].tolist()]
                found[i] = documents[i].with_spans(self.scheme.decode(tags))
        return [found[i] for i in range(len(documents))]


def make_side(name: str, setting: Setting, corpus: dict[str, Documents]) -> Side:
    return Ours(setting, corpus) if name == SIDES[0] else Theirs(setting, corpus)


def measure_step(model: str, precision: str) -> float:
    """Words/s of a few bare steps on made-up text: for the estimate only."""
    network = AutoModelForTokenClassification.from_pretrained(model, num_labels=9)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5, fused=True)
    ids = torch.randint(1000, 2000, (BATCH, 28))
    began = 0.0
    for step in range(6):
        began = time.perf_counter() if step == 2 else began
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = network(input_ids=ids, labels=torch.zeros_like(ids)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return 4 * BATCH * 20 / (time.perf_counter() - began)
