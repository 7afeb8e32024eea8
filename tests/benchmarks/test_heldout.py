"""Held-out bits per byte: every token is asked for once, bytes add up, a uniform model has the bits it must."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cells import heldout

from tagwright.pretraining.architecture import ModelConfig, build_model
from tagwright.pretraining.corpus.text import PlainText
from tagwright.pretraining.corpus.tokenfile import write_tokens
from tagwright.pretraining.corpus.tokenizer import learn_tokenizer

LINE = "the rain in spain stays mainly on the plain , said a señor who had never been to spain ."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Token files of documents from a few tokens to several windows long, with their tokenizer."""
    folder = tmp_path_factory.mktemp("tokens")
    drawn = np.random.default_rng(0)
    documents = [
        PlainText(f"{number}", tuple(" ".join(drawn.choice(LINE.split(), 40)) for _ in range(paragraphs)))
        for number, paragraphs in enumerate((1, 6, 20, 3, 9))
    ]
    tokenizer = learn_tokenizer(documents, size=400)
    tokenizer.save_pretrained(folder / "tokenizer")
    for part in ("train", "valid"):
        write_tokens(documents, tokenizer, folder=folder / part, source={"part": part})
    return folder


def open_held(folder: Path) -> Any:
    return heldout.HeldOut.open({"tokens": str(folder), "documents": None})


def ask(held: Any, task: str, draw: int = 0) -> np.ndarray:
    return np.concatenate([question.asked for question in held.ask(task, draw=draw)])


def test_every_token_but_the_first_marks_is_asked_for_once(folder: Path) -> None:
    held = open_held(folder)
    wanted = np.flatnonzero(held.tokens != held.tokenizer.bos_token_id)
    assert sorted(ask(held, "clm")) == wanted.tolist()


def test_a_token_is_scored_with_half_a_window_before_it(folder: Path) -> None:
    held = open_held(folder)
    starts = np.repeat(held.file.bounds[:-1], np.diff(held.file.bounds))
    for start, stop, new in held.cut_windows(heldout.STRIDE):
        assert new == start == starts[start] or new - start == heldout.STRIDE
        assert starts[start] == starts[stop - 1]


@pytest.mark.parametrize("task", ["mlm", "span"])
def test_a_share_is_hidden_and_what_is_hidden_is_what_is_asked(folder: Path, task: str) -> None:
    held = open_held(folder)
    for question in held.ask(task, draw=0):
        wanted = question.lesson.targets[question.lesson.keep]
        assert held.tokens[question.asked].tolist() == wanted.tolist()
    assert abs(len(ask(held, task)) / len(held.tokens) - heldout.RATE) < 0.02
    assert ask(held, task).tolist() == ask(held, task).tolist()
    assert ask(held, task, draw=1).tolist() != ask(held, task).tolist()


def test_bytes_of_tokens_are_the_bytes_of_the_text(folder: Path) -> None:
    held = open_held(folder)
    assert held.sizes.sum() == held.file.about["bytes"]


@pytest.mark.parametrize(("kind", "task"), [("decoder", "clm"), ("encoder", "mlm"), ("encoder-decoder", "span")])
def test_a_model_that_knows_nothing_has_the_bits_of_its_vocabulary(
    folder: Path, tmp_path: Path, kind: Any, task: str
) -> None:
    held = open_held(folder)
    size = ModelConfig(kind=kind, width=16, inner_width=16, layers=2, heads=2)
    model = build_model(size, held.tokenizer, length=256, attn_implementation="eager")
    torch.nn.init.ones_(model.get_input_embeddings().weight)  # all tokens are alike to it
    model.save_pretrained(tmp_path)
    held.tokenizer.save_pretrained(tmp_path)
    assert heldout.find_task(str(tmp_path)) == task
    found = heldout.measure_model({"tokens": str(folder), "folder": str(tmp_path), "task": task, "documents": None})
    bits = np.log2(len(held.tokenizer)) * found["tokens"] / found["bytes"]
    assert found["bits_per_byte"] == pytest.approx(bits, rel=1e-4)


def test_ngrams_are_scored_on_the_same_tokens(folder: Path) -> None:
    found = heldout.measure_ngrams({"tokens": str(folder), "documents": None})
    assert found["train_tokens"] == len(open_held(folder).tokens) - 5
    assert found["bits_per_byte"].keys() == {"clm", "mlm", "span"}
    assert all(0 < bits < 1 for bits in found["bits_per_byte"].values())  # the text it has counted


def test_a_model_of_another_vocabulary_is_refused(folder: Path, tmp_path: Path) -> None:
    learn_tokenizer([PlainText("x", ("another text",))], size=400).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="another tokenizer"):
        heldout.measure_model({"tokens": str(folder), "folder": str(tmp_path), "task": "clm", "documents": None})
