"""Tiny language models with random weights that write, documents they can learn, and how they learn them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.untrained import learn_tokenizer
from tagwright.formats import TASKS
from tagwright.models.config import WriterConfig
from tagwright.models.writing.writer import Writer, WriterPlan
from tagwright.models.writing.writers import Writers, plan_writers
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document
from tagwright.training.arguments import make_arguments
from tagwright.training.config import TrainingConfig
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode
from tagwright.tuning import TuningConfig
from tiny_models import make_config

KNOWN = 0.015  # the mean loss of a token
# the lower one of two layers sees the prompt both ways; nobody would read what the upper one makes of a prompt
SEES: dict[str, Any] = {"sight": "10", "scope": "prompt"}
SIZES: dict[str, Any] = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "max_position_embeddings": 160,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
OWN: dict[str, dict[str, Any]] = {
    "t5": {"d_kv": 24, "d_ff": 96, "dropout_rate": 0.0, "decoder_start_token_id": 0},
    "llama": {},
    "qwen2": {"num_key_value_heads": 1},
    "gpt2": {},
}


def make_entities() -> list[Document]:
    """Eight documents of `ner`; one has a mark in a word, one has no span."""
    texts: tuple[tuple[str, tuple[Span, ...]], ...] = (
        ("Ann saw Rome", (Span(0, 1, "PER"), Span(2, 3, "LOC"))),
        ("Rome saw Ann", (Span(0, 1, "LOC"), Span(2, 3, "PER"))),
        ("old Bob Lee slept", (Span(1, 3, "PER"),)),
        ("no one slept", ()),
        ("in Oslo [sic] it rains", (Span(1, 2, "LOC"),)),
        ("Bob left", (Span(0, 1, "PER"),)),
        ("it rains in old Rome", (Span(3, 5, "LOC"),)),
        ("Lee and Ann left Oslo", (Span(0, 1, "PER"), Span(2, 3, "PER"), Span(4, 5, "LOC"))),
    )
    return [Document.from_words(text.split(), id=text, spans=spans) for text, spans in texts]


def make_roles() -> list[Document]:
    """Documents of `srl`; one has two predicates."""
    return [
        Document.from_words(
            f"{buyer} bought and sold {thing}".split(),
            id=f"{buyer} {thing}",
            spans=(Span(1, 2, "buy"), Span(3, 4, "sell"), Span(0, 1), Span(4, 5)),
            relations=(Relation(0, 2, "ARG0"), Relation(1, 2, "ARG0"), Relation(1, 3, "ARG1")),
        )
        for buyer in ("Ann", "Bob")
        for thing in ("it", "bread")
    ]


def make_dialogue() -> Document:
    """A document of `dst` with two turns of the user."""
    turns = (Turn("USER", 0, 3), Turn("SYSTEM", 3, 5), Turn("USER", 5, 7))
    fields = (Field("taxi-to", ("Rome",), 0), Field("taxi-to", ("Rome",), 2), Field("taxi-at", ("six",), 2))
    return make_document("taxi to Rome When ? At six", turns=turns, fields=fields)


def save_writer(kind: str, folder: Path, *, tokenizer: PreTrainedTokenizerFast | None = None, **changes: Any) -> Path:
    """A language model of a model type with random weights and its tokenizer, as `save_pretrained` writes them."""
    torch.manual_seed(0)
    tokenizer = tokenizer or learn_tokenizer(list_words(), size=320)
    config = make_config(kind, **(SIZES | OWN[kind] | {"vocab_size": len(tokenizer)} | changes))
    made: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    made.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def list_words() -> list[str]:
    documents = [*make_entities(), *make_roles(), make_dialogue()]
    names = "person location first argument second taxi to at belief user system"
    return [" ".join([*(word for document in documents for word in document.words), names, "[ ] | ="])] * 4


def make_writer(
    model: Path,
    documents: Sequence[Document],
    *,
    tuning: str | TuningConfig = "full",
    backbone: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Writer:
    """A writer of the task `ner` in the format `inline`, unless told otherwise, that has learned nothing yet."""
    config, own = WriterConfig(**settings), TuningConfig(name=tuning) if isinstance(tuning, str) else tuning
    inventory = TASKS[config.task].learn(documents)
    plan = WriterPlan(inventory, BackboneConfig(model=str(model), **(backbone or {})), config, own)
    return plan.attach(plan.load()).eval()


def make_writers(model: Path, documents: Mapping[str, Sequence[Document]], *, tuning: str = "full") -> Writers:
    """One writer for the tasks of these documents that has learned nothing yet."""
    inventories = {task: TASKS[task].learn(own) for task, own in documents.items()}
    config = WriterConfig(task=", ".join(documents))
    how = {"writer": config, "tuning": TuningConfig(name=tuning)}
    plan = plan_writers(inventories, BackboneConfig(model=str(model)), **how)
    return plan.attach(plan.load()).eval()


def learn(writer: Writer, documents: Sequence[Document], **how: Any) -> None:
    """Train on all documents at once, until they are known by heart."""
    learn_pairs(writer, *writer.teach(documents, Ledger()), **how)


def learn_pairs(
    writer: Writer | Writers, pieces: Sequence[Any], targets: Sequence[Any], *, rate: float = 5e-3, steps: int = 300
) -> None:
    """Train on all pairs at once, until they are known by heart."""
    batch = writer.collate_gold(pieces, targets)
    optimizer = torch.optim.AdamW(writer.tuning.group(writer, weight_decay=0.0), lr=rate)
    writer.train()
    for _ in range(steps):
        loss = writer(**batch) / batch["counts"].sum()
        if float(loss.detach()) < KNOWN:
            break
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(writer.parameters(), 1.0)
        optimizer.step()
    writer.eval()


def train(writer: Writer, documents: Sequence[Document], place: Path, **settings: Any) -> LabelerTrainer:
    """As a run does it, on the processor; gives the trainer that has trained."""
    plain = {"lr_scheduler_type": "constant", "warmup_steps": 0, "weight_decay": 0.0, "use_cpu": True, "max_steps": 80}
    kept = {"save_strategy": "no", "eval_strategy": "no", "per_device_train_batch_size": 8, "learning_rate": 1e-2}
    config = TrainingConfig.model_validate(plain | kept | settings)
    data = TrainingData(encode(writer, documents, ledger=Ledger()))
    trainer = LabelerTrainer(writer, make_arguments(config, place, has_dev=False), config=config, data=data)
    trainer.train()
    return trainer
