"""Writers that see their prompt both ways: what they lose, what they write, and which are refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.backbone.language.language import IGNORED, LanguageModel
from tagwright.backbone.writing import Writing
from tagwright.errors import ModelError
from tagwright.inference.generate import Prompt, generate
from tagwright.inference.predictor import Predictor, load
from tagwright.models.writing.writer import Writer
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from taught_writers import SEES, learn, make_entities, make_writer, save_writer

DOCUMENTS = make_entities()
KINDS = ("llama", "qwen2", "gpt2")


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(request.param, tmp_path_factory.mktemp(request.param), initializer_range=0.2)


def open_writer(model: Path, sight: str = "10", **settings: Any) -> Writer:
    return make_writer(model, DOCUMENTS, backbone=SEES | {"sight": sight}, **settings)


def list_scores(documents: Sequence[Document]) -> list[float | None]:
    return [span.score for document in documents for span in document.spans]


def draw_mask(size: int, prompt: int) -> Tensor:
    """1 1 T T: which places are seen from each one, written out."""
    sees = [[row >= column or max(row, column) < prompt for column in range(size)] for row in range(size)]
    return torch.zeros(1, 1, size, size).masked_fill(~torch.tensor(sees), torch.finfo(torch.float32).min)


def lose_plainly(backbone: LanguageModel, prompt: Sequence[int], target: Sequence[int], *, opened: set[int]) -> Tensor:
    """The loss of one pair by an untouched model, whose chosen layers are handed a mask that was written out."""
    ids, mask = [*prompt, *target], draw_mask(len(prompt) + len(target), len(prompt) - 1)
    plain: Any = type(backbone.model).from_pretrained(backbone.config.model, attn_implementation="eager")
    plain.resize_token_embeddings(backbone.model.get_input_embeddings().num_embeddings)
    plain.load_state_dict(backbone.model.state_dict())
    layers = plain.transformer.h if hasattr(plain, "transformer") else plain.model.layers

    def swap(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        by_name = "attention_mask" in kwargs
        return (args if by_name else (args[0], *args[1:2], mask, *args[3:])), kwargs | (
            {"attention_mask": mask} if by_name else {}
        )

    for number in opened:
        layers[number].register_forward_pre_hook(swap, with_kwargs=True)
    logits = plain.eval()(input_ids=torch.tensor([ids]), use_cache=False).logits[0, len(prompt) - 1 : -1]
    return F.cross_entropy(logits, torch.tensor(target), reduction="sum")


@pytest.mark.parametrize("sight", ["10", "all"])
def test_the_loss_is_that_of_a_mask_written_out(model: Path, sight: str) -> None:
    writer = open_writer(model, sight)
    pieces, targets = writer.teach(DOCUMENTS[:4], Ledger())
    opened = {"10": {0}, "all": {0, 1}}[sight]
    with torch.no_grad():
        together = writer.lose_each(pieces, targets)  # of different lengths: with padding
        for piece, target, found in zip(pieces, targets, together, strict=True):
            one = lose_plainly(writer.backbone, piece.ids.tolist(), target.tolist(), opened=opened)
            other = lose_plainly(writer.backbone, piece.ids.tolist(), target.tolist(), opened=set())
            assert torch.allclose(found, one, rtol=1e-4) and not torch.allclose(found, other, rtol=1e-4)


def test_what_is_written_with_the_cache_is_what_was_trained_without(model: Path) -> None:
    """The log-probabilities of written tokens are the loss of those tokens as a target."""
    writer = open_writer(model)
    learn(writer, DOCUMENTS, steps=5)
    pieces, _ = writer.teach(DOCUMENTS, Ledger())
    prompts = [Prompt(piece.ids.tolist(), copy=piece.ids.tolist()) for piece in pieces]
    backbone = writer.backbone
    written = generate(Writing(backbone.model, pad=backbone.pad), prompts, end=backbone.end, batch=4, most=12)
    assert all(len(each.ids) > 3 for each in written)
    with torch.no_grad():
        losses = writer.lose_each(pieces, [torch.tensor(each.ids).numpy() for each in written])
    assert torch.allclose(losses, -torch.tensor([sum(each.scores) for each in written]), rtol=1e-3)


def test_a_writer_that_was_saved_writes_the_same(model: Path, tmp_path: Path) -> None:
    writer = open_writer(model)
    learn(writer, DOCUMENTS, steps=30)
    found = list_scores(Predictor(writer).predict(DOCUMENTS[:3]))
    Predictor(writer).save_pretrained(tmp_path, fixture=DOCUMENTS[:3])
    again = load(tmp_path, check=True)
    assert list_scores(again.predict(DOCUMENTS[:3])) == pytest.approx(found) and found
    assert again.model.backbone.config.sight == (0,) and str(again.model.backbone.sight) == "0 of 2 layers"
    again.model.backbone.hooks.remove()
    assert list_scores(again.predict(DOCUMENTS[:3])) != pytest.approx(found)  # the sight was used


@pytest.mark.parametrize("tuning", ["lora", "fish-dip"])
def test_a_tuning_keeps_the_sight(tuning: str, tmp_path: Path) -> None:
    writer = open_writer(save_writer("llama", tmp_path / "model"), tuning=tuning)
    found = Predictor(writer).predict(DOCUMENTS[:2])
    Predictor(writer).save_pretrained(tmp_path / "saved", fixture=DOCUMENTS[:2])
    assert load(tmp_path / "saved", check=True).predict(DOCUMENTS[:2]) == found
    writer.backbone.hooks.remove()
    with pytest.raises(ModelError, match="doesn't obey its sight"):
        writer.backbone.prove()


def test_checkpointing_of_gradients_changes_none(tmp_path: Path) -> None:
    folder, found = save_writer("llama", tmp_path), []
    for saves in (False, True):
        writer = make_writer(folder, DOCUMENTS, backbone=SEES | {"gradient_checkpointing": saves}).train()
        writer(**writer.collate_gold(*writer.teach(DOCUMENTS, Ledger()))).backward()
        found.append([weight.grad for weight in writer.parameters()])
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(*found, strict=True))


def test_a_closed_plan_is_the_model_as_it_is(model: Path) -> None:
    closed, plain = open_writer(model, "none"), make_writer(model, DOCUMENTS)
    learned = plain.teach(DOCUMENTS, Ledger())
    with torch.no_grad():
        assert torch.equal(closed.lose_each(*learned), plain.lose_each(*learned))


def test_a_prompt_of_one_token_has_nothing_to_see(tmp_path: Path) -> None:
    backbone = open_writer(save_writer("llama", tmp_path), "all").backbone
    ids, gold = torch.tensor([[5, 6, 2]]), torch.tensor([[IGNORED, 6, 2]])
    plain = make_writer(tmp_path, DOCUMENTS).backbone
    assert torch.allclose(backbone.lose(ids, gold, attend=None), plain.lose(ids, gold, attend=None), rtol=1e-5)


def test_what_can_have_no_sight_of_its_prompt_is_refused(tmp_path: Path) -> None:
    decoder, pair = save_writer("llama", tmp_path / "llama"), save_writer("t5", tmp_path / "t5")
    with pytest.raises(ModelError, match="open layers see the whole document, so it can't generate. Give its sight"):
        make_writer(decoder, DOCUMENTS, backbone=SEES | {"scope": "document"})
    make_writer(decoder, DOCUMENTS, backbone={"sight": "00", "scope": "document"})  # nothing is open
    with pytest.raises(ModelError, match="t5 is an encoder-decoder: .* Leave backbone.sight out, or take a decoder"):
        open_writer(pair)
    with pytest.raises(ModelError, match="A writer's sight is chosen, not learned: 'learned:2'"):
        open_writer(decoder, "learned:2")
