"""Token files hold all text, are made once, and are made anew where anything that counts has changed."""

import gzip
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagwright.backbone.untrained import SPECIALS
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.pretraining.corpus import prepare as room
from tagwright.pretraining.corpus.prepare import Prepared, prepare
from tagwright.pretraining.corpus.text import PlainText, read_plain
from tagwright.pretraining.corpus.tokenfile import write_tokens
from tagwright.pretraining.corpus.tokenizer import MASK, SENTINELS, learn_tokenizer
from tagwright.pretraining.objectives import read_vocabulary
from tiny_models import make_tokenizer
from tiny_pretraining import make_recipe
from tiny_tokenizers import learn_bytes, learn_wordpiece

STRANGE = ("Tabs\tand  blanks, naïve 漢字 🙂.", "</s>, <mask> and <extra_id_0> are text here.", "A second paragraph")


def make(folder: Path, **settings: Any) -> Prepared:
    return prepare(make_recipe(folder, **settings), folder / "tokens", say=lambda line: None)


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a step of the preparation fail where it is taken."""

    def fail(*names: str) -> None:
        for name in names:
            monkeypatch.setattr(room, name, lambda *_, **__: pytest.fail("made again"))

    return fail


def test_all_text_comes_back(tmp_path: Path) -> None:
    made = make(tmp_path)
    documents = list(read_plain([str(tmp_path / "train.txt")]))
    assert len(made.train.bounds) == len(documents) + 1 == made.train.about["documents"] + 1
    for document, start, end in zip(documents, made.train.bounds, made.train.bounds[1:], strict=False):
        ids = made.train.tokens[start:end].tolist()
        assert (ids[0], ids[-1]) == (made.tokenizer.bos_token_id, made.tokenizer.eos_token_id)
        assert made.tokenizer.bos_token_id not in ids[1:] and made.tokenizer.eos_token_id not in ids[:-1]
        lines = made.tokenizer.decode(ids[1:-1]).split("\n")
        assert tuple(line.removeprefix(" ") for line in lines) == document.paragraphs
    size = sum(len(document.text.encode()) for document in documents)
    about = made.train.about
    assert about["bytes"] == size and about["tokens"] == len(made.train.tokens) == made.train.bounds[-1]
    assert made.train.bytes_per_token == size / (about["tokens"] - len(documents))
    assert made.train.tokens.dtype == np.uint16


def test_whatever_is_written_comes_back(tmp_path: Path) -> None:
    """Bytes that the tokenizer never met, and marks of its own that stand in the text."""
    documents = [PlainText("strange:1", STRANGE), PlainText("strange:2", ("x",))]
    tokenizer = learn_tokenizer([PlainText("other:1", ("nothing of that kind",))], size=400)
    file = write_tokens(documents, tokenizer, folder=tmp_path / "file", source={})
    start, end = file.bounds[:2]
    text = tokenizer.decode(file.tokens[start + 1 : end - 1].tolist(), skip_special_tokens=False)
    assert tuple(line.removeprefix(" ") for line in text.split("\n")) == STRANGE


def test_the_learned_tokenizer_has_what_objectives_need() -> None:
    tokenizer = learn_tokenizer([PlainText("one:1", ("the fox met the fox " * 9,))], size=400)
    vocabulary = read_vocabulary(tokenizer)
    assert tokenizer.convert_tokens_to_ids([*SPECIALS, MASK]) == [0, 1, 2, 3, 4]
    assert vocabulary.mask is not None and vocabulary.pad == 0 and len(vocabulary.sentinels) == len(SENTINELS)
    assert tokenizer("the fox").input_ids[0] == 1 and "Ġfox" in tokenizer.get_vocab()


def test_it_is_made_once(tmp_path: Path, forbid: Callable[..., None]) -> None:
    first = make(tmp_path)
    forbid("learn_tokenizer", "write_tokens")
    again = make(tmp_path)
    assert np.array_equal(first.train.tokens, again.train.tokens)
    assert np.array_equal(first.valid.bounds, again.valid.bounds)
    assert again.tokenizer.get_vocab() == first.tokenizer.get_vocab()


def test_changed_text_is_tokenised_anew(tmp_path: Path) -> None:
    first = make(tmp_path)
    old = first.train.tokens.copy(), first.valid.tokens.copy()
    recipe = make_recipe(tmp_path)
    path = tmp_path / "train.txt"
    path.write_text("Newts swim.\n" + path.read_text("utf-8"), "utf-8")
    again = prepare(recipe, tmp_path / "tokens", say=lambda line: None)
    assert len(again.train.tokens) > len(old[0])
    assert "Newts swim." in again.tokenizer.decode(again.train.tokens[:30].tolist())


def test_only_what_has_changed_is_made_again(tmp_path: Path, forbid: Callable[..., None]) -> None:
    recipe = make_recipe(tmp_path)
    prepare(recipe, tmp_path / "tokens", say=lambda line: None)
    held = tmp_path / "held.txt"
    held.write_text("Only this.\n", "utf-8")
    os.utime(held, (1, 1))
    forbid("learn_tokenizer", "_write_train")
    again = prepare(recipe, tmp_path / "tokens", say=lambda line: None)
    assert again.valid.about["documents"] == 1


def test_another_tokenizer_makes_other_files(tmp_path: Path) -> None:
    first = make(tmp_path)
    learn_bytes(prefix=False).save_pretrained(tmp_path / "theirs")
    other = make(tmp_path, tokenizer={"model": str(tmp_path / "theirs")})
    assert not np.array_equal(first.train.tokens, other.train.tokens)


def test_a_file_that_is_half_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(np, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path)
    assert make(tmp_path).train.about["documents"] == 24


def test_shared_words_are_dropped_and_counted(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path)
    line = (tmp_path / "train.txt").read_text("utf-8").splitlines()[0]
    (tmp_path / "gold.conll").write_text("".join(f"{word}\tO\n" for word in line.rstrip(".").split()), "utf-8")
    avoiding = recipe.change({"text.avoid": [str(tmp_path / "gold.conll")], "text.avoid_words": 5})
    plain = prepare(recipe, tmp_path / "tokens", say=lambda line: None)
    assert plain.overlaps is None
    told: list[str] = []
    made = prepare(avoiding, tmp_path / "tokens", say=told.append)
    assert told[-1].startswith("Left out: ") and "share 5 words in a row with labelled files" in told[-1]
    assert made.overlaps is not None and made.overlaps["dropped"]["paragraphs"] >= 1
    assert made.train.about["bytes"] < plain.train.about["bytes"]
    assert prepare(avoiding, tmp_path / "tokens", say=lambda line: None).overlaps == made.overlaps


def test_no_text_at_all_is_said(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, tokenizer={"model": str(tmp_path / "theirs")})
    learn_bytes(prefix=False).save_pretrained(tmp_path / "theirs")
    (tmp_path / "train.txt").write_text("\n\n", "utf-8")
    with pytest.raises(DataError, match=r"There is no text in text\.train"):
        prepare(recipe, tmp_path / "tokens", say=lambda line: None)


def test_text_that_is_learned_from_is_not_held_out(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path)
    again = str(tmp_path / "sub" / ".." / "tr*.txt")
    (tmp_path / "sub").mkdir()
    with pytest.raises(RecipeError, match=r"train\.txt is in text\.train and in text\.valid"):
        prepare(recipe.change({"text.valid": [*recipe.text.valid, again]}), tmp_path / "tokens", say=lambda line: None)


def test_files_without_text_or_with_more_than_text_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recipe = make_recipe(tmp_path)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a b c"}'))
    more = [*recipe.text.train, str(tmp_path / "empty.txt"), str(tmp_path / "rows.jsonl.gz")]
    with caplog.at_level(logging.WARNING, "tagwright"):
        prepare(recipe.change({"text.train": more}), tmp_path / "tokens", say=lambda line: None)
    assert "empty.txt is empty." in caplog.text
    assert "rows.jsonl.gz is read as plain text, with all that makes it a .jsonl file." in caplog.text


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagwright.pretraining.corpus.tokenfile.SAID", 100)
    told: list[str] = []
    prepare(make_recipe(tmp_path), tmp_path / "tokens", say=told.append)
    assert told[0] == "Learning a tokenizer of 400 tokens"
    assert [line for line in told if line.startswith("Tokenised")]


def test_a_mask_token_is_named_where_there_is_none(tmp_path: Path) -> None:
    learn_wordpiece().save_pretrained(tmp_path / "theirs")
    model = {"model": str(tmp_path / "theirs")}
    assert make(tmp_path, tokenizer=model).tokenizer.mask_token is None
    made = make(tmp_path, tokenizer=model | {"mask_token": "<unk>"})
    assert made.tokenizer.mask_token == "<unk>"
    with pytest.raises(ModelError, match="has no token '<gone>'"):
        make(tmp_path, tokenizer=model | {"mask_token": "<gone>"})


def test_a_tokenizer_without_line_breaks_joins_paragraphs_by_its_own_means(tmp_path: Path) -> None:
    documents = [PlainText("one:1", ("a b", "c"))]
    file = write_tokens(documents, make_tokenizer(), folder=tmp_path / "file", source={})
    assert make_tokenizer().convert_ids_to_tokens(file.tokens.tolist()) == ["<s>", "a", "b", "c", "</s>"]


def test_a_tokenizer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no folder .*gone\."):
        make(tmp_path, tokenizer={"model": str(tmp_path / "gone")})


def test_a_labeler_is_no_backbone(tmp_path: Path) -> None:
    (tmp_path / "labeler").mkdir()
    (tmp_path / "labeler" / "tagwright.json").touch()
    with pytest.raises(ModelError, match=r"labeler is a labeler, not a backbone"):
        make(tmp_path, tokenizer={"model": str(tmp_path / "labeler")})
