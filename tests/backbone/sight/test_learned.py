"""Gates: open is all, closed is none, between the two there is a gradient; they learn, harden and become a plan."""

import copy
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import tagwright.backbone
from tagwright.backbone.backbone import Backbone
from tagwright.backbone.builtin import UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.sight.learned import HARD, REACH, SETTLED, Gates
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.sight import Sight, count_gates, describe_gates, is_learned
from tagwright.cli.terminal.pictures import draw_sight
from tagwright.errors import ModelError, RecipeError
from tagwright.inference.predictor import Predictor
from tagwright.models.folder import read_about
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.outputs import write_outputs
from tagwright.recipe.running.run import train_labeler
from tagwright.text.synthetic import make_corpus
from tiny_models import load_model, make_batch, save_model

DOCUMENTS = [["ab", "c", "def"], ["a", "b"], ["fgh", "i"]]
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
DRY = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
CHANGES: dict[str, dict[str, Any]] = {
    "mistral": {"sliding_window": 3, "num_key_value_heads": 1},
    "bert": STILL,
    "gpt2": DRY,
}
NO_DEV = {"eval_strategy": "no", "save_strategy": "no"}
KINDS = ("llama", "gpt2", "bert", "mistral")


def save(kind: str, folder: Path, **changes: Any) -> Path:
    return save_model(kind, folder, **(CHANGES.get(kind, {}) | changes))


def learn(folder: Path, *, groups: int = 2, steps: int = 10, **settings: Any) -> tuple[Backbone, Gates]:
    """A backbone in training, of whose gates so many steps are to be made."""
    backbone = load_model(folder, sight=f"learned:{groups}", **settings).train()
    assert backbone.gates is not None
    backbone.gates.begin(steps)
    return backbone, backbone.gates


def move(gates: Gates, logits: Any) -> None:
    with torch.no_grad():
        gates.logits.copy_(torch.as_tensor(logits))


def run(backbone: Backbone) -> Tensor:
    batch = make_batch(backbone, DOCUMENTS)
    states: Tensor = backbone(batch)
    return states[batch.keep]


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_at_their_ends_are_the_plans(tmp_path: Path, kind: str, kernel: str) -> None:
    folder = save(kind, tmp_path)
    backbone, gates = learn(folder, attn_implementation=kernel)
    for plan in ("00", "01", "10", "11"):
        wanted = run(load_model(folder, attn_implementation=kernel, sight=plan))
        for far in (60.0, 0.01):
            move(gates, [far if bit == "1" else -far for bit in plan])
            backbone.train(far > 1)  # soft and all but at its end; hard, however near the middle
            assert gates.is_soft == (far > 1) and gates.plan == plan
            torch.testing.assert_close(run(backbone), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_have_the_gradient_of_what_they_do(tmp_path: Path, kind: str, kernel: str) -> None:
    backbone, gates = learn(save(kind, tmp_path), attn_implementation=kernel)
    weights = torch.randn(backbone.width, generator=torch.Generator().manual_seed(0))

    def score() -> Tensor:
        return (run(backbone) @ weights).sum()

    score().backward()
    assert gates.logits.grad is not None
    for group in range(2):
        nudge = torch.zeros(2)
        nudge[group] = 0.02
        move(gates, nudge)
        above = score().detach()
        move(gates, -nudge)
        below = score().detach()
        assert float((above - below) / 0.04) == pytest.approx(float(gates.logits.grad[group]), rel=0.05, abs=1e-3)
        move(gates, [0.0, 0.0])


def test_gates_step_as_adam_does() -> None:
    """Torch's own, with a rate by which all steps alike would reach so far."""
    gates, steps = Gates(3), 40
    gates.begin(steps)
    soft = round(steps * (1 - SETTLED))
    other = torch.zeros(3, requires_grad=True)
    adam = torch.optim.Adam([other], lr=REACH / soft)
    for _ in range(soft):
        grad = torch.randn(3)
        gates.logits.grad, other.grad = grad.clone(), grad.clone()
        gates.step()
        adam.step()
    torch.testing.assert_close(gates.logits, other)
    assert gates.temperature == pytest.approx(HARD) and not gates.is_soft


def test_in_the_last_part_gates_are_hard_and_learn_no_more(tmp_path: Path) -> None:
    backbone, gates = learn(save("llama", tmp_path), steps=5)
    for step in range(5):
        assert gates.is_soft == (step < 4)
        run(backbone)[:, 0].sum().backward()
        before = gates.logits.detach().clone()
        gates.step()
        assert torch.equal(gates.logits, before) == (step == 4)
    soft = run(backbone.train())
    torch.testing.assert_close(soft, run(backbone.eval()))


def test_gates_without_a_gradient_say_so_and_pass_over_what_is_no_number() -> None:
    gates = Gates(2)
    gates.begin(10)
    with pytest.raises(ModelError, match="no gradient"):
        gates.step()
    gates.logits.grad = torch.tensor([1.0, torch.inf])
    gates.step()
    assert gates.logits.tolist() == [0, 0] and int(gates.done) == 1 and not gates.mean.any()


def test_gates_go_on_from_what_was_saved() -> None:
    whole, grads = Gates(2), torch.randn(8, 2)
    whole.begin(10)
    for at, grad in enumerate(grads):
        if at == 3:
            later = Gates(2)
            later.load_state_dict(copy.deepcopy(whole.state_dict()))
            later.begin(10)
        whole.logits.grad = grad.clone()
        whole.step()
    for grad in grads[3:]:
        later.logits.grad = grad.clone()
        later.step()
    assert all(torch.equal(later.state_dict()[name], kept) for name, kept in whole.state_dict().items())


def test_gates_tell_how_much_of_their_way_led_towards_open() -> None:
    gates = Gates(3)
    assert gates.tell() == {"towards_open": [0.5, 0.5, 0.5], "steps": 0}
    gates.begin(50)
    for step in range(20):
        gates.logits.grad = torch.tensor([-1.0, 1.0, (-1.0) ** step])
        gates.step()
    opening, closing, torn = gates.tell()["towards_open"]
    assert gates.tell()["steps"] == 20 and opening > 0.99 and closing < 0.01 and 0.35 < torn < 0.65


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_a_settled_backbone_is_one_that_was_given_the_plan(tmp_path: Path, kind: str) -> None:
    folder = save(kind, tmp_path)
    backbone, gates = learn(folder)
    assert any(name.startswith("gates.") for name in backbone.state_dict())
    move(gates, [-2.0, 3.0])
    assert backbone.find_sight() == Sight(2, (1,)) and backbone.sight is None
    told = gates.tell()
    backbone.settle()
    assert backbone.learned == told
    assert backbone.config.sight == (1,) and backbone.sight == backbone.find_sight() == Sight(2, (1,))
    assert backbone.gates is None and not any(name.startswith("gates.") for name in backbone.state_dict())
    prove_sight(backbone.model, (False, True), packs=kind == "llama")
    torch.testing.assert_close(run(backbone.eval()), run(load_model(folder, sight="01")), atol=0, rtol=0)
    backbone.settle()  # nothing is left to decide
    assert backbone.config.sight == (1,)


def test_settled_gates_may_open_nothing_and_read_at_first_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = save("llama", tmp_path)
    with caplog.at_level(logging.WARNING, logger="tagwright"):
        for logit, warned in ((3.0, 0), (-3.0, 1)):
            backbone, gates = learn(folder, read_at="first")
            move(gates, [logit, logit])
            assert not caplog.records
            backbone.settle()
            assert len(caplog.records) == warned
    assert backbone.config.sight == ()
    torch.testing.assert_close(run(backbone.eval()), run(load_model(folder, read_at="first")), atol=0, rtol=0)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_gates_work_in_half_precision(tmp_path: Path, dtype: str) -> None:
    backbone, gates = learn(save("llama", tmp_path), groups=1, dtype=dtype)
    for logit in (-60.0, 0.0, 60.0):
        move(gates, [logit])
        assert run(backbone.train()).isfinite().all() and run(backbone.eval()).isfinite().all()


def test_gradient_checkpointing_changes_no_gradient_of_gates(tmp_path: Path) -> None:
    found = []
    for checkpointing in (False, True):
        backbone, gates = learn(save("llama", tmp_path), gradient_checkpointing=checkpointing)
        run(backbone).square().sum().backward()
        found.append(gates.logits.grad)
    assert found[0] is not None and found[0].abs().min() > 0
    torch.testing.assert_close(found[1], found[0])


def test_layers_and_groups_have_gates(tmp_path: Path) -> None:
    assert [count_gates(text, layers=6) for text in ("learned", "learned:4", " learned:1 ")] == [6, 4, 1]
    assert is_learned("learned:9") and not is_learned("0011") and not is_learned((0,)) and not is_learned(None)
    backbone = load_model(save("llama", tmp_path), sight="learned")
    assert backbone.gates is not None and len(backbone.gates.logits) == 2


@pytest.mark.parametrize(
    ("sight", "message"),
    [
        ("learned:3", "'learned:3' has 3 groups, and the model has 2 layers only. Write learned:2 at most"),
        ("learned:", "can't be read. Write learned, or learned:4"),
        ("learned:0", "can't be read. Write learned"),
        ("learnt", "can't be read. Expected none, .* learned"),
    ],
)
def test_gates_that_cannot_be(tmp_path: Path, sight: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_model(save("llama", tmp_path), sight=sight)


def test_where_nothing_is_trained_nothing_is_learned(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'learned' is found by training a labeler, and nothing is trained here"):
        tagwright.backbone.load(str(save("llama", tmp_path)), sight="learned")
    with pytest.raises(RecipeError, match="nothing is trained here"):
        Sight.parse("learned:4", layers=8)


def test_a_model_whose_layers_cannot_be_gated_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No layer of mamba has attention .* without a sight to set, learn or search"):
        load_model(save_model("mamba", tmp_path / "mamba", state_size=4), sight="learned")
    with pytest.raises(ModelError, match="GPTJModel doesn't hand keyword arguments"):
        load_model(save_model("gptj", tmp_path / "gptj", rotary_dim=4), sight="learned")


@pytest.mark.slow  # it compiles a kernel
def test_a_kernel_without_gradients_for_masks_is_refused(tmp_path: Path) -> None:
    backbone = load_model(save("llama", tmp_path))
    backbone.model.config._attn_implementation = "flex_attention"
    no_gradients = "flex_attention attention.*Set backbone.attn_implementation to one of eager"
    no_numbers = "gives numbers that aren't finite"  # of processors without AVX-512, before gradients are looked at
    with pytest.raises(ModelError, match=f"{no_gradients}|{no_numbers}"):
        Backbone(backbone.model, backbone.tokenizer, config=BackboneConfig(sight="learned"))


def test_from_the_recipe_to_the_report_and_the_saved_labeler(tmp_path: Path) -> None:
    out = tmp_path / "labeler"
    recipe = {"backbone": {"model": UNTRAINED, "sight": "learned:2"}, "training": {"max_steps": 4} | NO_DEV}
    corpus = Corpus(make_corpus("ner", documents=12, seed=0))
    outcome = train_labeler(Recipe.from_dict(recipe), corpus, folder=out)
    write_outputs(outcome, out)  # which loads it again and compares
    found = outcome.labeler.tagger.backbone.sight
    assert found is not None and found.layers == 4 and str(found) in (out / "report.html").read_text("utf-8")
    about = read_about(out)
    assert about["sight"] == {"layers": 4, "open": list(found.open), "chosen": True}
    assert about["backbone"]["sight"] == list(found.open) and about["recipe"]["backbone"]["sight"] == "learned:2"
    again = Predictor.from_pretrained(out, check=True)
    assert again.tagger.backbone.sight == found
    assert again.origin.gates == about["gates"] and about["gates"]["steps"] == 3  # of 4; in the last one they are hard
    drawn = "\n".join(draw_sight(about))
    assert drawn.startswith("sight, learned:") and drawn.endswith(describe_gates(about["gates"]))
    page = (out / "report.html").read_text("utf-8")
    assert describe_gates(about["gates"])[1:] in page and page.count('title="looks ') == 4
