"""THE LEAK PROBE: packed documents never see each other, and a state is what it is without its neighbours."""

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    BartConfig,
    BartForConditionalGeneration,
    BertForMaskedLM,
    Gemma2ForCausalLM,
    ModernBertForMaskedLM,
    T5ForConditionalGeneration,
)

from packed_rows import make_rows, make_vocabulary
from tagwright.errors import ModelError
from tagwright.pretraining.learning.learner import Learner
from tagwright.pretraining.learning.proof import prove_masks
from tagwright.pretraining.objectives import OBJECTIVES, ObjectiveConfig
from tagwright.pretraining.objectives.objective import Sight
from tiny_models import make_config

SIZE = 400
PACKS = torch.tensor([[0] * 5 + [1] * 4 + [2] * 3])
ONE: dict[str, tuple[str, Sight]] = {
    "llama": ("llama", "left"),
    "llama, opened": ("llama", "both"),
    "gpt2": ("gpt2", "left"),
    "gpt2, opened": ("gpt2", "both"),
    "bert": ("bert", "both"),
}
STARTS = (0, 5, 9, 12)


def make_learner(kind: str, *, attention: str = "eager", **changes: Any) -> Learner:
    torch.manual_seed(0)
    config = make_config(kind, vocab_size=SIZE, attn_implementation=attention, dropout_rate=0.0, **changes)
    makers = {"t5": T5ForConditionalGeneration, "bert": BertForMaskedLM, "modernbert": ModernBertForMaskedLM}
    model = makers[kind](config) if kind in makers else AutoModelForCausalLM.from_config(config)
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    return Learner(model, two=kind == "t5").eval()


def draw_ids(seed: int = 0) -> Tensor:
    return torch.randint(64, SIZE, PACKS.shape, generator=torch.Generator().manual_seed(seed))


def read(learner: Learner, ids: Tensor, packs: Tensor, *, sight: Sight) -> Tensor:
    """The states; the decoder of an encoder-decoder reads the same row."""
    if not learner.two:
        return learner.read(ids, packs, sight=sight)
    return learner.read(ids, packs, sight=sight, decoder_ids=ids, decoder_packs=packs)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(("kind", "sight"), [*ONE.values(), ("t5", "both")], ids=[*ONE, "t5"])
@torch.no_grad()
def test_no_document_sees_another(kind: str, sight: Sight, attention: str) -> None:
    learner, ids = make_learner(kind, attention=attention), draw_ids()
    before = read(learner, ids, PACKS, sight=sight)
    for place in range(PACKS.shape[1]):
        changed = ids.clone()
        changed[0, place] = 64 + (changed[0, place] - 63) % 300
        moved = (before != read(learner, changed, PACKS, sight=sight)).any(-1)[0]
        own = PACKS[0] == PACKS[0, place]
        assert not moved[~own].any()
        sees = own & (torch.arange(len(own)) >= place) if sight == "left" else own
        assert torch.equal(moved, sees), place


@pytest.mark.parametrize(("kind", "sight"), [("llama", "left"), ("llama", "both"), ("t5", "both")])
@torch.no_grad()
def test_a_packed_document_reads_as_it_does_alone(kind: str, sight: Sight) -> None:
    learner, ids = make_learner(kind), draw_ids()
    packed = read(learner, ids, PACKS, sight=sight)
    for start, end in zip(STARTS, STARTS[1:], strict=False):
        alone = read(learner, ids[:, start:end], torch.zeros(1, end - start, dtype=torch.long), sight=sight)
        torch.testing.assert_close(packed[:, start:end], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(
    ("kind", "sight"),
    [
        ("mistral", "left"),
        ("mistral", "both"),
        ("gemma3_text", "left"),
        ("gemma3_text", "both"),
        ("modernbert", "both"),
    ],
)
@torch.no_grad()
def test_layers_keep_their_windows(kind: str, sight: Sight, attention: str) -> None:
    """A row that is one document reads as it does without our masks: in all layers of one kind, and in mixed ones."""
    own = {"sliding_window": 4, "head_dim": 8, "num_key_value_heads": 1}
    own = {"local_attention": 8} if kind == "modernbert" else own | {"is_causal": sight == "left"}
    learner = make_learner(kind, attention=attention, **own)
    ids = torch.randint(64, SIZE, (2, 24), generator=torch.Generator().manual_seed(2))
    plain = learner.model.base_model(input_ids=ids).last_hidden_state
    masked = learner.read(ids, torch.zeros_like(ids), sight=sight)
    torch.testing.assert_close(masked, plain, rtol=1e-4, atol=1e-5)
    wider = learner.read(ids, torch.zeros_like(ids), sight="both" if sight == "left" else "left")
    assert not torch.allclose(wider, plain)


@pytest.mark.parametrize("kind", ["gpt2", "bert"])
@torch.no_grad()
def test_learned_positions_count_on_through_a_row(kind: str) -> None:
    sight: Sight = "left" if kind == "gpt2" else "both"
    learner, ids = make_learner(kind), draw_ids()
    packed = learner.read(ids, PACKS, sight=sight)
    for start, end in zip(STARTS, STARTS[1:], strict=False):
        alone = learner.model.base_model(
            input_ids=ids[:, start:end], position_ids=torch.arange(start, end)[None]
        ).last_hidden_state
        torch.testing.assert_close(packed[:, start:end], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "sight"), [*ONE.values(), ("t5", "both")], ids=[*ONE, "t5"])
def test_no_gradient_flows_between_documents(kind: str, sight: Sight) -> None:
    """Only the second document is asked for predictions: what the others read learns nothing."""
    learner, embedded = make_learner(kind), list[Tensor]()

    def keep_gradient(module: Any, args: Any, output: Tensor) -> None:
        output.retain_grad()
        embedded.append(output)

    for module in learner.model.modules():
        if isinstance(module, torch.nn.Embedding) and len(module.weight) == SIZE:
            module.register_forward_hook(keep_gradient)
    ids, keep = draw_ids(), PACKS == 1
    pair = {"decoder_ids": ids, "decoder_packs": PACKS} if learner.two else {}
    learner(ids, PACKS, targets=draw_ids(1), keep=keep, sight=sight, **pair).backward()
    assert len(embedded) == 1 + learner.two
    for each in embedded:
        assert each.grad is not None
        assert torch.equal(each.grad.any(-1), keep)


@pytest.mark.parametrize(("kind", "sight"), [*ONE.values(), ("t5", "both")], ids=[*ONE, "t5"])
def test_the_loss_is_that_of_the_models_own_logits(kind: str, sight: Sight) -> None:
    learner, ids = make_learner(kind), draw_ids()
    packs, keep, targets = torch.zeros_like(PACKS), torch.ones_like(PACKS, dtype=torch.bool), draw_ids(1)
    learner.model.config.is_causal = sight == "left" or learner.two
    if learner.two:
        learner.model.config.decoder_start_token_id = 0
        pair = {"decoder_ids": ids, "decoder_packs": packs}
        logits = learner.model(input_ids=ids, decoder_input_ids=ids).logits
    else:
        pair, logits = {}, learner.model(input_ids=ids).logits
    loss = learner(ids, packs, targets=targets, keep=keep, sight=sight, **pair)
    wanted = torch.nn.functional.cross_entropy(logits[0], targets[0], reduction="sum")
    torch.testing.assert_close(loss, wanted, rtol=1e-4, atol=1e-4)


def test_the_scale_of_the_output_layer_is_found() -> None:
    assert make_learner("llama").scale == pytest.approx(1.0, abs=1e-5)
    assert make_learner("gpt2").scale == pytest.approx(1.0, abs=1e-5)
    assert make_learner("t5", tie_word_embeddings=True).scale == pytest.approx(16**-0.5, rel=1e-4)
    assert make_learner("bert").scale is None


@pytest.mark.parametrize("std", [0.2, 0.001])
def test_squashed_logits_are_left_to_the_model_even_where_they_are_small(std: float) -> None:
    torch.manual_seed(0)
    model = Gemma2ForCausalLM(make_config("gemma2", head_dim=8, num_key_value_heads=1, vocab_size=SIZE))
    torch.nn.init.normal_(model.lm_head.weight, std=std)
    before = model.lm_head.weight.clone()
    assert Learner(model, two=False).scale is None
    assert torch.equal(before, model.lm_head.weight)
    model.config.final_logit_softcapping = None
    assert Learner(model, two=False).scale == pytest.approx(1.0, abs=1e-4)


def test_an_encoder_decoder_whose_logits_are_no_product_is_refused() -> None:
    class Squashed(T5ForConditionalGeneration):  # type: ignore[misc]
        def forward(self, *args: Any, **rest: Any) -> Any:
            output = super().forward(*args, **rest)
            output.logits = output.logits.tanh()
            return output

    with pytest.raises(ModelError, match="does something to its logits"):
        Learner(Squashed(make_config("t5")), two=True)


@pytest.mark.parametrize("kind", ["llama", "llama, opened"])
def test_mntp_never_sees_what_it_predicts(kind: str) -> None:
    """Two texts that differ in the hidden tokens alone give the same lesson and the same logits."""
    learner, rows = make_learner("llama", is_causal=kind == "llama"), make_rows([[20, 12]])
    objective = OBJECTIVES["mntp"](ObjectiveConfig(name="mntp"), make_vocabulary())

    def teach() -> Any:
        return objective.teach(rows, generator=torch.Generator().manual_seed(3), progress=0.0)

    lesson = teach()
    hidden = lesson.keep.roll(1, dims=1)
    assert hidden.sum() >= 4
    rows.ids[hidden] = 64 + (rows.ids[hidden] - 63) % 300
    other = teach()
    assert torch.equal(lesson.keep, other.keep) and not (lesson.targets == other.targets)[lesson.keep].any()
    for sight in ("left", "both"):
        states = [learner.read(one.ids, one.packs, sight=sight) for one in (lesson, other)]
        assert torch.equal(*states)


def test_mntp_under_left_sight_depends_on_nothing_from_the_predicted_place_on() -> None:
    learner, rows = make_learner("llama"), make_rows([[32]])
    embedded = learner.model.get_input_embeddings()(rows.ids).detach().requires_grad_()
    for place in range(1, 32):
        mask = torch.full((32, 32), torch.finfo(torch.float32).min).triu(1)[None, None]
        states = learner.model.base_model(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        (gradient,) = torch.autograd.grad(states[0, place - 1].square().sum(), embedded)
        assert not gradient[0, place:].any() and gradient[0, :place].any(-1).all()


class Deaf(AutoModelForCausalLM.from_config(make_config("llama")).__class__):  # type: ignore[misc]
    """A Llama that ignores the masks it is given."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        forward = self.model.forward
        self.model.forward = lambda *args, attention_mask=None, **rest: forward(*args, **rest)


@pytest.mark.parametrize("sight", ["left", "both"])
def test_a_model_that_ignores_masks_is_refused(sight: Sight) -> None:
    learner = Learner(Deaf(make_config("llama", vocab_size=SIZE, is_causal=sight == "left")), two=False)
    with pytest.raises(ModelError, match="Deaf lets packed documents see each other"):
        prove_masks(learner, sight=sight)


def test_a_model_that_will_see_otherwise_once_it_is_loaded_is_refused() -> None:
    """With our masks it would do as it is told; transformers runs it without them."""
    with pytest.raises(ModelError, match="lets tokens see what follows them"):
        prove_masks(make_learner("llama", is_causal=False), sight="left")
    with pytest.raises(ModelError, match="doesn't let tokens see what follows them"):
        prove_masks(make_learner("llama"), sight="both")
    with pytest.raises(ModelError, match="lets tokens see what follows them"):
        prove_masks(make_learner("t5", is_causal=False), sight="both")


def test_models_that_obey_are_proven_and_stay_as_they_were() -> None:
    for kind, sight, changes in (
        ("llama", "left", {}),
        ("llama", "both", {"is_causal": False}),
        ("bert", "both", {}),
        ("t5", "both", {}),
    ):
        learner = make_learner(kind, **changes).train()
        prove_masks(learner, sight=sight)  # type: ignore[arg-type]
        assert learner.training and learner.model.training
    bart = BartConfig(vocab_size=99, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16)
    bart.decoder_ffn_dim, bart.encoder_attention_heads, bart.decoder_attention_heads = 16, 2, 2
    prove_masks(Learner(BartForConditionalGeneration(bart), two=True), sight="both")
