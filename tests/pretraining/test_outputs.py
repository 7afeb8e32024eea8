"""What a run leaves in its folder: a backbone that transformers reads, the log, and a card that tells all of it."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from page_markup import Reader
from tagwright.errors import DataError, ModelError
from tagwright.pretraining.card import write_card
from tagwright.pretraining.learning.trainer import BITS
from tagwright.pretraining.outputs import CONFIG, CURVE, PAGE, cast_weights, list_curve, write_backbone
from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.pretraining.run import CHECKPOINTS, Pretrained, count_tokens, is_finished, pretrain

SHARED = "the quick brown fox jumps over the lazy dog"
SOURCE = "Foxes: written for this test, public domain."


def write_text(folder: Path) -> dict[str, Any]:
    """Text of which one paragraph stands in a labelled file too; gives the settings of `[text]`."""
    fields = " ".join(f"A {animal} met number {n} in the forest ." for n in range(40) for animal in ("fox", "dog"))
    (folder / "fables.txt").write_text(f"{fields}\n{SHARED}\n\n{fields}\n", "utf-8")
    (folder / "held.txt").write_text(fields + "\n", "utf-8")
    for name, text in (("near", SHARED), ("far", "nothing of this is known anywhere else in here at all")):
        (folder / f"{name}.conll").write_text("".join(f"{word}\tO\n" for word in text.split()), "utf-8")
    sources = {"train": [str(folder / "fab*.txt")], "valid": [str(folder / "held.txt")], "sources": [SOURCE]}
    return sources | {"avoid": [str(folder / "*.conll")], "avoid_words": 6}


def make_recipe(folder: Path, *, two: bool = False) -> PretrainingRecipe:
    model = {"kind": "encoder-decoder" if two else "decoder", "width": 16, "inner_width": 16, "layers": 2, "heads": 2}
    steps = {"max_steps": 3, "length": 16, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 2}
    steps |= {"dtype": "float32", "eval_steps": 1, "logging_steps": 1, "eval_rows": 2}
    settings = {"text": write_text(folder), "tokenizer": {"size": 400}, "model": model, "training": steps}
    return PretrainingRecipe.from_dict(settings | {"objective": {"name": "span" if two else "clm"}})


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    """A run of three steps; not saved."""
    folder = tmp_path_factory.mktemp("text")
    return pretrain(make_recipe(folder), folder / "run")


def test_transformers_reads_the_backbone(outcome: Pretrained, tmp_path: Path) -> None:
    write_backbone(outcome, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert "lm_head.weight" not in weights  # tied to the embeddings
    config = json.loads((tmp_path / CONFIG).read_text("utf-8"))
    assert config["dtype"] == "float32" and not [name for name in config if "attn" in name]
    ids = AutoTokenizer.from_pretrained(tmp_path)("A fox met a dog .", return_tensors="pt").input_ids
    assert ids.tolist() == outcome.text.tokenizer("A fox met a dog .", return_tensors="pt").input_ids.tolist()
    assert AutoModel.from_pretrained(tmp_path).dtype == torch.float32
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert outcome.model.dtype == torch.float32
    torch.testing.assert_close(loaded(ids).logits, outcome.model.eval()(ids).logits, atol=2e-3, rtol=1e-2)


def test_the_weights_can_be_read_by_whom_the_rest_can(outcome: Pretrained, tmp_path: Path) -> None:
    write_backbone(outcome, tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / PAGE).stat().st_mode


def test_an_encoder_decoder_is_read_too(tmp_path: Path) -> None:
    outcome = pretrain(make_recipe(tmp_path, two=True), tmp_path / "run")
    write_backbone(outcome, tmp_path / "run")
    loaded, report = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "run", output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    kept = cast_weights(outcome.model, torch.float16)
    assert all(torch.equal(weight.half(), kept[name]) for name, weight in loaded.state_dict().items())
    assert "the encoder, left in the decoder" in (tmp_path / "run/README.md").read_text("utf-8")


def test_the_run_is_finished_and_the_text_stays(outcome: Pretrained, tmp_path: Path) -> None:
    checkpoint = tmp_path / CHECKPOINTS / "checkpoint-3"
    for folder in (checkpoint, tmp_path / "tokens"):
        folder.mkdir(parents=True)
        (folder / "kept").write_text("", "utf-8")
    assert not is_finished(tmp_path)
    write_backbone(outcome, tmp_path)
    assert is_finished(tmp_path) and not (tmp_path / CHECKPOINTS).exists()
    assert (tmp_path / "tokens/kept").exists()
    assert not list(tmp_path.glob("staged-*"))


def test_a_save_that_fails_leaves_what_was_there(
    outcome: Pretrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / CHECKPOINTS / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    (tmp_path / CONFIG).write_text("before", "utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DataError, match=r"No space left.*--resume"):
        patch.setattr("tagwright.pretraining.outputs.write_card", fail)
        write_backbone(outcome, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINTS, CONFIG]
    assert (tmp_path / CONFIG).read_text("utf-8") == "before" and checkpoint.is_dir()


def test_the_config_comes_last(outcome: Pretrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two files, a folder has no config, so that it isn't taken for a backbone."""
    write_backbone(outcome, tmp_path)
    move, moved = Path.replace, list[tuple[str, bool]]()

    def watch(path: Path, target: Path) -> Path:
        moved.append((path.name, (tmp_path / CONFIG).exists()))
        return move(path, target)

    monkeypatch.setattr(Path, "replace", watch)
    write_backbone(outcome, tmp_path)
    assert moved[-1][0] == CONFIG and {there for _, there in moved} == {False}
    assert "model.safetensors" in dict(moved)


def test_weights_that_no_longer_fit_are_refused() -> None:
    model = torch.nn.Linear(2, 2)
    model.weight.data[0, 0] = 1e6
    assert cast_weights(model, torch.bfloat16)["weight"][0, 0] > 9e5
    with pytest.raises(ModelError, match="weight holds values that are no number in torch.float16"):
        cast_weights(model, torch.float16)


def test_the_curve_has_a_row_a_step(outcome: Pretrained, tmp_path: Path) -> None:
    write_backbone(outcome, tmp_path)
    with (tmp_path / CURVE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert [row["tokens"] for row in rows] == ["64", "128", "192"]
    assert all(value for row in rows for value in row.values())
    history = json.loads((tmp_path / "history.json").read_text("utf-8"))
    assert [float(row["held_out_bits_per_byte"]) for row in rows] == [e[BITS] for e in history if BITS in e]
    heading, *rest = list_curve(replace(outcome, history=[{"step": 1, "loss": 2.5}, {"step": 3, "train_loss": 1.0}]))
    assert rest == [[1, count_tokens(outcome.recipe.training, 1), 2.5, "", "", ""]] and len(heading) == 6


def test_the_recipe_makes_the_same_run_again(outcome: Pretrained, tmp_path: Path) -> None:
    write_backbone(outcome, tmp_path)
    assert PretrainingRecipe.from_toml(tmp_path / "recipe.toml") == outcome.recipe


def test_the_report_draws_loss_and_bits(outcome: Pretrained, tmp_path: Path) -> None:
    write_backbone(outcome, tmp_path)
    read = Reader((tmp_path / PAGE).read_text("utf-8"))
    assert len(read.find("figure")) == 2
    for line in ("Training loss", "Held-out bits per byte", "max_steps = 3", "1 of 3 paragraphs of the text"):
        assert line in read.text


def test_the_card_tells_all(outcome: Pretrained) -> None:
    card = write_card("tiny", outcome)
    assert card.startswith("---\nlibrary_name: transformers\n") and "base_model" not in card
    scores = [entry for entry in outcome.history if BITS in entry]
    about = outcome.text.train.about
    for line in (
        f"| Held-out text | {scores[-1][BITS]:.4f} bits per byte at step 3 |",
        "| Steps | 3 of 4 rows of 16 tokens |",
        "| Sight | left: a token sees itself and what precedes it |",
        f"| learned from | fables.txt | 2 | {about['tokens']:,} | {about['bytes']:,} |",
        "| held out | held.txt | 1 |",
        f"- {SOURCE}",
        f"/near.conll | 1 | 0 | 1 | {len(SHARED)} |",
        "| files that share nothing: 1 | 1 | 0 | 0 | 0 |",
        "| all | 2 | 0 | 1 of 3 |",
        'AutoModel.from_pretrained("tiny")',
    ):
        assert line in card
    assert "/far.conll" not in card
    assert str(Path(outcome.recipe.text.valid[0]).parent) not in card


def test_the_card_tells_what_is_not_there(outcome: Pretrained, tmp_path: Path) -> None:
    bare = outcome.recipe.change({"text.sources": [], "model": {"start": str(tmp_path / "org")}, "tokenizer": {}})
    (tmp_path / "org").mkdir()
    card = write_card("bare", replace(outcome, recipe=bare, history=[], text=replace(outcome.text, overlaps=None)))
    for line in ("base_model: org\n", "`text.sources` of the recipe is empty", "| not scored |", "`text.avoid`"):
        assert line in card
