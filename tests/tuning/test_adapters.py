"""Small weights put on a backbone: which move, what their settings do, what is refused, and that sight stays proven."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from by_heart import make_documents
from tagwright.backbone.sight.proven import set_sight
from tagwright.errors import ModelError
from tagwright.heads import HeadConfig
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.adapters import adapter
from tiny_models import load_model, save_model

DOCUMENTS = make_documents()
PEFT = ("lora", "dora", "ia3", "shira")


def make_tagger(
    folder: Path, kind: str, name: str, *, loading: dict[str, Any] | None = None, **settings: Any
) -> Tagger:
    """On a tiny model; its weights are the same every time."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if kind == "bert" else {}
    path = folder / kind
    backbone = load_model(path if path.is_dir() else save_model(kind, path, **still), **(loading or {}))
    torch.manual_seed(1)
    ranked = {"rank": 2} if name == "shira" else {}  # 16 x 16 weights hold no more than 8 x (16 + 16)
    config = TuningConfig(name=name, **(ranked | settings))
    plan = TaggerPlan(Labels(("LOC", "PER")), backbone.config, HeadConfig(dropout=0, scheme="BIO"), tuning=config)
    return attach_head(plan, backbone)


def find_states(tagger: Tagger) -> torch.Tensor:
    with torch.no_grad():
        return tagger.encode(tagger.collate(tagger.cut(DOCUMENTS, Ledger())))


def step(tagger: Tagger, rate: float = 0.1) -> None:
    """One plain step down the loss on all documents."""
    pieces = tagger.train().cut(DOCUMENTS, Ledger())
    tagger.loss(tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, DOCUMENTS))).backward()
    torch.optim.SGD(tagger.tuning.group(tagger, weight_decay=0.0), lr=rate).step()
    tagger.eval()


def find_plain(tagger: Tagger) -> dict[str, torch.Tensor]:
    """The pretrained weights, by the names they have without adapters."""
    state = tagger.backbone.model.state_dict().items()
    return {name.replace("base_layer.", ""): tensor.clone() for name, tensor in state}


@pytest.mark.parametrize("kind", ["bert", "llama", "t5"])
@pytest.mark.parametrize("name", PEFT)
def test_training_begins_at_the_backbone_and_leaves_its_weights(tmp_path: Path, kind: str, name: str) -> None:
    plain = make_tagger(tmp_path, kind, "full").eval()
    tagger = make_tagger(tmp_path, kind, name).eval()
    torch.testing.assert_close(find_states(tagger), find_states(plain), atol=1e-5, rtol=1e-4)
    before, moving = find_plain(plain), tagger.tuning.collect(tagger)
    step(tagger)
    after = find_plain(tagger)
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())
    assert not torch.allclose(find_states(tagger), find_states(plain), atol=1e-3)
    inner = {key for key in moving if key.startswith("backbone.")}
    marks = {"shira": ("shira_weight", "shira_indices"), "ia3": ("ia3_l",)}.get(name, ("lora_",))
    assert inner and all(any(mark in key for mark in marks) for key in inner)


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_a_prefix_is_read_and_leaves_the_weights(tmp_path: Path, kind: str) -> None:
    plain, tagger = make_tagger(tmp_path, kind, "full"), make_tagger(tmp_path, kind, "prefix", virtual_tokens=3)
    assert tagger.tuning.count(tagger) - sum(w.numel() for w in tagger.head.parameters()) == 3 * 2 * 2 * 16
    assert tagger.backbone.find_limits() == plain.backbone.find_limits()
    assert not torch.allclose(find_states(tagger.eval()), find_states(plain.eval()), atol=1e-3)
    before, first = find_plain(plain), find_states(tagger)
    step(tagger)
    after = find_plain(tagger)
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())
    assert not torch.allclose(find_states(tagger), first, atol=1e-3)


def test_padding_changes_nothing_behind_a_prefix(tmp_path: Path) -> None:
    tagger = make_tagger(tmp_path, "llama", "prefix").eval()
    together = find_states(tagger)
    for row, document in enumerate(DOCUMENTS):
        with torch.no_grad():
            alone = tagger.encode(tagger.collate(tagger.cut([document], Ledger())))[0]
        torch.testing.assert_close(together[row, : len(alone)], alone, atol=1e-5, rtol=1e-4)


def test_bitfit_moves_biases_alone(tmp_path: Path) -> None:
    tagger = make_tagger(tmp_path, "bert", "bitfit")
    before = find_plain(tagger)
    step(tagger)
    moved = {key for key, tensor in find_plain(tagger).items() if not torch.equal(tensor, before[key])}
    assert moved and all(key.endswith("bias") for key in moved)


@pytest.mark.parametrize("name", ["lora", "dora"])
def test_the_settings_of_lora_do_what_they_say(tmp_path: Path, name: str) -> None:
    tagger = make_tagger(tmp_path, "bert", name, rank=3, alpha=6.0, dropout=0.25, targets=["query", "value"])
    layers: list[Any] = [part for part in tagger.modules() if hasattr(part, "lora_A")]
    assert len(layers) == 4  # two matrices in each of two layers
    assert {part.lora_A["default"].weight.shape for part in layers} == {(3, 16)}
    assert {part.scaling["default"] for part in layers} == {2.0}
    assert {part.lora_dropout["default"].p for part in layers} == {0.25}
    every = make_tagger(tmp_path, "bert", name)
    assert sum(hasattr(part, "lora_A") for part in every.modules()) == 12
    assert next(part.scaling["default"] for part in every.modules() if hasattr(part, "lora_A")) == 1


def test_lora_beside_half_precision_moves_in_float32(tmp_path: Path) -> None:
    for name in ("lora", "dora", "shira", "ia3"):
        tagger = make_tagger(tmp_path, "llama", name, loading={"dtype": "bfloat16"})
        moving = {weight.dtype for weight in tagger.parameters() if weight.requires_grad}
        assert moving == {torch.float32}, name
        before = find_states(tagger.eval())
        step(tagger)
        assert not torch.equal(find_states(tagger), before), name


@pytest.mark.parametrize("name", ["lora", "dora", "shira", "ia3"])
def test_a_merged_tagger_says_the_same_with_weights_of_its_own(tmp_path: Path, name: str) -> None:
    tagger = make_tagger(tmp_path, "llama", name)
    step(tagger)
    before, names = find_states(tagger), set(make_tagger(tmp_path, "llama", "full").state_dict())
    tagger.merge()
    torch.testing.assert_close(find_states(tagger), before, atol=1e-4, rtol=1e-4)
    assert set(tagger.state_dict()) == names and all(weight.requires_grad for weight in tagger.parameters())
    assert tagger.tuning.config.name == "full"


@pytest.mark.parametrize("name", PEFT)
def test_gradients_are_the_same_when_activations_are_computed_again(tmp_path: Path, name: str) -> None:
    gradients = []
    for again in (False, True):
        tagger = make_tagger(tmp_path, "llama", name, loading={"gradient_checkpointing": again, "sight": "11"})
        pieces = tagger.train().cut(DOCUMENTS, Ledger())
        tagger.loss(tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, DOCUMENTS))).backward()
        gradients.append([weight.grad for weight in tagger.parameters() if weight.requires_grad])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_sight_is_proven_again_with_the_adapter_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = make_tagger(tmp_path, "llama", "lora", loading={"sight": "01"})
    assert tagger.backbone.sight is not None and tagger.backbone.sight.flags == (False, True)

    def break_sight(config: Any, model: Any) -> None:
        for handle in hooks.handles:
            handle.remove()

    monkeypatch.setattr(adapter, "inject_adapter_in_model", break_sight)
    backbone = load_model(tmp_path / "llama", sight="01")
    hooks = backbone.hooks
    assert hooks is not None
    plan = TaggerPlan(Labels(("X",)), backbone.config, HeadConfig(scheme="BIO"), tuning=TuningConfig(name="lora"))
    with pytest.raises(ModelError, match="doesn't obey its sight"):
        attach_head(plan, backbone)


@pytest.mark.parametrize(
    ("kind", "name", "settings", "message"),
    [
        ("llama", "bitfit", {}, "This llama has no biases .* Use 'ia3' or 'lora'"),
        ("gpt2", "shira", {}, "takes nn.Linear alone; h.0.attn.c_attn is a Conv1D. Use the tuning 'lora'"),
        ("bert", "shira", {"rank": 9}, r"has no 9 x \(16 \+ 16\) weights to choose from. Set tuning.rank to 8 at most"),
        ("modernbert", "ia3", {}, "Name them in tuning.targets .it has Wi, Wo, Wqkv., or use the tuning 'lora'"),
        ("modernbert", "prefix", {}, "takes no past_key_values.* Use the tuning 'lora'"),
        ("bert", "lora", {"targets": ["querry"]}, "no matrix of this bert is called 'querry'. Did you mean 'query'?"),
        ("t5", "ia3", {"targets": ["q_proj"]}, "no matrix of this t5 is called 'q_proj'"),
    ],
)
def test_what_a_model_cannot_do_is_told(
    tmp_path: Path, kind: str, name: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        make_tagger(tmp_path, kind, name, **settings)


def test_what_a_prefix_cannot_be_had_with_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="A prefix and a chosen sight .* can't be had together"):
        make_tagger(tmp_path, "llama", "prefix", loading={"sight": "11"})
    with pytest.raises(ModelError, match="Gradient checkpointing throws away"):
        make_tagger(tmp_path, "llama", "prefix", loading={"gradient_checkpointing": True})
    with pytest.raises(ModelError, match="'prefix' can't be merged"):
        make_tagger(tmp_path, "llama", "prefix").merge()
    with pytest.raises(ModelError):  # a chosen sight later on would not know of the prefix
        set_sight(make_tagger(tmp_path, "llama", "prefix").backbone.model, "all")


def test_four_bits_are_refused_where_they_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tagwright.backbone import four_bits

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ModelError, match='needs a GPU that CUDA knows.* take tuning.name = "lora"'):
        four_bits.check_four_bits("org/name")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(four_bits, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install 'tagwright\\[quant\\]'"):
        four_bits.check_four_bits("org/name")
    with pytest.raises(ModelError, match="builtin:untrained has no pretrained weights"):
        four_bits.check_four_bits("builtin:untrained")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "full", "rank": 4}, "'full' does not read `rank`; it reads none of them.* choose 'lora', 'dora'"),
        ({"name": "ia3", "dropout": 0.1}, "does not read `dropout`; it reads `targets`"),
        ({"name": "lora", "rank": 0}, "greater than or equal to 1"),
        ({"name": "lora", "dropout": 1.0}, "less than 1"),
        ({"name": "lora", "alpha": -1.0}, "greater than 0"),
        ({"name": "lora", "targets": []}, "at least 1 item"),
        ({"name": "prefix", "virtual_tokens": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TuningConfig(**settings)


def test_every_tuning_is_known_by_its_settings() -> None:
    for name in TUNINGS:
        config = TuningConfig(name=name)
        assert TuningConfig.model_validate(config.model_dump()) == config
        assert config.list_read()["name"] == name
