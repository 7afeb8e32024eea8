"""Tiny labelers with random weights, documents they can learn, and trainers for both. Nothing is downloaded."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModel

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.heads import HeadConfig
from tagwright.models.labeler import Labeler
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tokens.align import WordTokenizer
from tagwright.training.arguments import make_arguments
from tagwright.training.config import TrainingConfig
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_models import make_config, make_tokenizer

LABELS = Labels(("LOC", "PER"))
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def make_documents(count: int, *, seed: int = 0, most: int = 9) -> list[Document]:
    """Documents of letters: "l.." is a LOC, a run of "p.." a PER, all other words are nothing."""
    drawn = Random(seed)
    return [
        make_document([_make_word(drawn) for _ in range(drawn.randint(1, most))], id=f"d{at}") for at in range(count)
    ]


def make_document(words: Sequence[str], **rest: Any) -> Document:
    spans: list[Span] = []
    for at, word in enumerate(words):
        if word.startswith("l"):
            spans.append(Span(at, at + 1, "LOC"))
        elif word.startswith("p") and spans and spans[-1].label == "PER" and spans[-1].end == at:
            spans[-1] = Span(spans[-1].start, at + 1, "PER")
        elif word.startswith("p"):
            spans.append(Span(at, at + 1, "PER"))
    return Document.from_words(words, spans=tuple(spans), **rest)


def _make_word(drawn: Random) -> str:
    return drawn.choice("abclp") + "".join(drawn.choice("xyz") for _ in range(drawn.randint(0, 3)))


def make_tagger(
    *,
    head: str = "softmax",
    scheme: str = "BIO",
    kind: str = "bert",
    seed: int = 0,
    dropout: float = 0.0,
    **settings: Any,
) -> Tagger:
    """A tagger whose every part has random weights, drawn from the seed."""
    torch.manual_seed(seed)
    rates = {name: dropout for name in NO_DROPOUT} if kind == "bert" else {}
    model = AutoModel.from_config(make_config(kind, **rates))
    backbone = Backbone(model, WordTokenizer(make_tokenizer()), config=BackboneConfig(model="tiny", **settings))
    plan = TaggerPlan(LABELS, backbone.config, HeadConfig(name=head, scheme=scheme, dropout=dropout))
    tagger = attach_head(plan, backbone)
    for weight in tagger.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)  # random enough for all labels to be predicted
    return tagger


def make_trainer(
    tagger: Labeler,
    documents: Sequence[Document],
    folder: Path,
    *,
    score: Callable[[Labeler], dict[str, float]] | None = None,
    tuning: str | dict[str, Any] = "full",
    **settings: Any,
) -> LabelerTrainer:
    """A trainer on the processor, quiet, with a few steps."""
    chosen = TuningConfig.model_validate({"name": tuning} if isinstance(tuning, str) else tuning)
    tagger.tune(TUNINGS[chosen.name](chosen))
    config = TrainingConfig(**({"num_train_epochs": 2, "learning_rate": 1e-2, "use_cpu": True} | settings))
    return LabelerTrainer(
        tagger,
        make_arguments(config, folder, has_dev=score is not None),
        config=config,
        data=TrainingData(encode(tagger, documents, ledger=Ledger()), score),
    )


def copy_weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All weights but the input embeddings, which look different while training (see FocusedEmbedding)."""
    state = module.state_dict().items()
    return {name: tensor.detach().clone() for name, tensor in state if "word_embeddings" not in name}


def find_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference between two sets of weights of one shape."""
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)
