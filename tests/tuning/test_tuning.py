"""Which weights move: every one once, at its own rate and decay, and the others never."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from transformers import AutoModel

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError, RecipeError
from tagwright.heads import HeadConfig
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.tuning import Tuning
from tiny_models import load_model, save_model

GOLD = [Document.from_words(["ab", "c", "d"], spans=[Span(0, 2, "X")])]


def make_tuning(name: str, **settings: Any) -> Tuning:
    tuning: Tuning = TUNINGS[name](TuningConfig(name=name, **settings))
    return tuning


CANNOT = {("bitfit", "llama"), ("bitfit", "t5"), ("prefix", "t5"), ("shira", "gpt2")}


def tune(tagger: Tagger, name: str, **settings: Any) -> Tuning:
    """Let a tuning mark its weights, where the model can have it."""
    kind = tagger.backbone.model.config.model_type  # type: ignore[union-attr]
    tuning = make_tuning(name, **settings)
    if (name, kind) in CANNOT:
        with pytest.raises(ModelError, match="Use "):
            tagger.tune(tuning)
        pytest.skip(f"a {kind} can't have {name}")
    tagger.tune(tuning)
    return tuning


@pytest.fixture(params=["bert", "llama", "gpt2", "t5"])
def tagger(request: Any, tmp_path: Path) -> Tagger:
    backbone = load_model(save_model(request.param, tmp_path))
    return attach_head(TaggerPlan(Labels(("X",)), BackboneConfig(), HeadConfig(name="crf", scheme="BIO")), backbone)


def find_loss(tagger: Tagger) -> torch.Tensor:
    pieces = tagger.cut(GOLD, Ledger())
    return tagger.loss(tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, GOLD)))


@pytest.mark.parametrize("name", TUNINGS)
@pytest.mark.parametrize("rate", [None, 0.5])
def test_every_weight_that_moves_is_in_one_group(tagger: Tagger, name: str, rate: float | None) -> None:
    tuning = tune(tagger, name, head_learning_rate=rate)
    grouped = [id(weight) for group in tuning.group(tagger, weight_decay=0.1) for weight in group["params"]]
    moving = [id(weight) for weight in tagger.parameters() if weight.requires_grad]
    assert len(grouped) == len(set(grouped)) and set(grouped) == set(moving) and moving


@pytest.mark.parametrize("name", TUNINGS)
def test_rates_and_decays_are_those_asked_for(tagger: Tagger, name: str) -> None:
    tuning = tune(tagger, name, head_learning_rate=0.5)
    names = {id(weight): key for key, weight in tagger.named_parameters()}
    tables = {id(module.weight) for module in tagger.modules() if isinstance(module, torch.nn.Embedding)}
    for group in tuning.group(tagger, weight_decay=0.1):
        for weight in group["params"]:
            key = names[id(weight)]
            assert group.get("lr") == (None if key.startswith("backbone.") else 0.5)
            small = (
                weight.ndim < 2
                or "bias" in key
                or "norm" in key.lower()
                or "ia3_l" in key  # begins as ones: a decay would close what it scales
                or id(weight) in tables
            )
            assert group["weight_decay"] == (0.0 if small else 0.1)
    plain = make_tuning(name).group(tagger, weight_decay=0.1)
    assert all("lr" not in group for group in plain)


def test_full_moves_every_weight(tagger: Tagger) -> None:
    tagger.requires_grad_(False)
    make_tuning("full").prepare(tagger)
    find_loss(tagger.train()).backward()
    assert [name for name, weight in tagger.named_parameters() if weight.grad is None] == []


def test_frozen_moves_the_head_only(tagger: Tagger) -> None:
    tuning = make_tuning("frozen")
    tuning.prepare(tagger)
    before = {name: weight.clone() for name, weight in tagger.named_parameters()}
    tagger.train()
    find_loss(tagger).backward()
    torch.optim.SGD(tuning.group(tagger, weight_decay=0.1), lr=0.1).step()
    moved = {name for name, weight in tagger.named_parameters() if not torch.equal(weight, before[name])}
    assert moved == {name for name in before if name.startswith("head.")}
    assert all(weight.grad is None for weight in tagger.backbone.parameters())


def test_a_frozen_backbone_has_no_dropout(tagger: Tagger) -> None:
    make_tuning("frozen").prepare(tagger)
    tagger.train()
    batch = tagger.collate(tagger.cut(GOLD, Ledger()))
    assert torch.equal(tagger.encode(batch), tagger.encode(batch))
    assert tagger.head.training and not tagger.backbone.model.training


def test_unknown_names_and_odd_rates_are_refused() -> None:
    with pytest.raises(RecipeError, match="No tuning is called 'ful'. Did you mean 'full'"):
        TUNINGS["ful"]
    with pytest.raises(ValidationError, match="greater than 0"):
        TuningConfig(head_learning_rate=0)


@pytest.mark.parametrize("name", [name for name in TUNINGS if name != "qlora"])
def test_what_moves_is_foreseen_without_a_weight(tagger: Tagger, name: str) -> None:
    with torch.device("meta"):
        empty = AutoModel.from_config(tagger.backbone.model.config)  # type: ignore[arg-type]
    empty = empty.get_encoder() if empty.config.is_encoder_decoder else empty
    empty.pooler = None  # which no labeler has
    rank = {"rank": 2} if name in ("lora", "dora", "shira") else {}
    tuning = tune(tagger, name, **rank)
    fresh = sum(w.numel() for n, w in tagger.named_parameters() if not n.startswith("backbone."))
    assert make_tuning(name, **rank).foresee(empty) == tuning.count(tagger) - fresh
