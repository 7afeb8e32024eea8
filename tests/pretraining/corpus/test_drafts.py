"""Several processes that make one folder at once: it is whole at all times, and the first one's stays."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tagwright.errors import DataError
from tagwright.pretraining.corpus.drafts import TRIES, draft, put
from tagwright.pretraining.corpus.text import PlainText
from tagwright.pretraining.corpus.tokenfile import write_tokens
from tiny_models import make_tokenizer

MARK = "mark"


def make(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / MARK).write_text(text, "utf-8")
    return folder


def test_a_token_file_that_another_process_made_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, documents = tmp_path / "train", [PlainText(f"one:{n}", ("a b c",)) for n in range(3)]

    def read_while_another_writes() -> Iterator[PlainText]:
        yield documents[0]
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda: 1)
            write_tokens(documents, make_tokenizer(), folder=folder, source={}, find_facts=lambda: {"by": "other"})
        yield from documents[1:]

    file = write_tokens(read_while_another_writes(), make_tokenizer(), folder=folder, source={})
    assert file.about["by"] == "other" and file.about["documents"] == 3
    assert np.array_equal(file.bounds, [0, 5, 10, 15])
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_what_is_made_of_something_else_is_replaced(tmp_path: Path) -> None:
    folder = make(tmp_path / "tokens", "old")
    with draft(folder, is_there=lambda: False) as own:
        (own / MARK).write_text("new", "utf-8")
        assert (folder / MARK).read_text("utf-8") == "old"
    assert (folder / MARK).read_text("utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["tokens"]


def test_a_rename_that_is_lost_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process puts its folder there just before ours comes."""
    folder, own = tmp_path / "tokens", make(tmp_path / "own", "ours")
    rename = Path.rename

    def lose(path: Path, target: Path) -> Path:
        if path == own:
            monkeypatch.setattr(Path, "rename", rename)
            make(folder, "theirs")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", lose)
    put(own, folder, is_there=lambda: False)
    assert (folder / MARK).read_text("utf-8") == "ours"


def test_a_quarrel_of_processes_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, tried = make(tmp_path / "own", "ours"), []

    def lose(path: Path, target: Path) -> None:
        tried.append(path)
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(Path, "rename", lose)
    with pytest.raises(DataError, match=r"text\.tokens"):
        put(own, tmp_path / "tokens", is_there=lambda: False)
    assert len(tried) == TRIES


def test_other_faults_are_no_quarrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        put(make(tmp_path / "own", "ours"), tmp_path / "tokens", is_there=lambda: False)


def test_the_drafts_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    for number in (os.getppid(), 2**22 + 1):  # above the largest that Linux gives
        make(tmp_path / f"tokens.{number}.draft", "half")
    with draft(tmp_path / "tokens", is_there=lambda: False):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"tokens", f"tokens.{os.getppid()}.draft"}


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), draft(tmp_path / "tokens", is_there=lambda: False):
        raise KeyError
    assert not list(tmp_path.iterdir())
