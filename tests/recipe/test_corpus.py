"""Corpora: files read, dev set aside, low-resource draws and their dev policies."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tagwright.errors import DataError, RecipeError
from tagwright.io.source import hash_file
from tagwright.recipe.corpus import (
    Corpus,
    check_dev_size,
    draw_corpus,
    load_corpus,
    look_over,
    require_labels,
)
from tagwright.recipe.recipe import DataConfig, DrawConfig, Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import make_corpus

LINES = "Ada\tB-PER\nsaw\tO\nRome\tB-LOC\n\n"


def write(path: Path, count: int, *, text: str = LINES) -> str:
    path.write_text("".join(text.replace("saw", f"saw{n}") for n in range(count)), encoding="utf-8")
    return str(path)


def test_files_are_read_with_their_hashes(tmp_path: Path) -> None:
    train, dev = write(tmp_path / "train.conll", 9), write(tmp_path / "dev.conll", 3)
    corpus = load_corpus(DataConfig(train=train, dev=dev), Ledger())
    assert (len(corpus.train), len(corpus.dev), len(corpus.test)) == (9, 3, 0)
    assert corpus.facts["train"] == {"file": "train.conll", "documents": 9, "blake2b": hash_file(Path(train))}


def test_without_dev_a_seeded_part_is_set_aside_and_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = DataConfig(train=write(tmp_path / "train.conll", 40), dev_share=0.2)
    with caplog.at_level(logging.INFO, logger="tagwright"):
        corpus = load_corpus(config, Ledger())
        assert not caplog.text  # there may be no training yet
        look_over(corpus, task="ner")
    assert (len(corpus.train), len(corpus.dev)) == (32, 8)
    assert "ner: No dev file: 8 of 40 training documents were set aside" in caplog.text
    assert load_corpus(config, Ledger()).dev == corpus.dev


def test_cross_validation_sets_no_dev_aside(tmp_path: Path) -> None:
    config = DataConfig(train=write(tmp_path / "train.conll", 40))
    assert [len(load_corpus(config, Ledger(), policy=policy).train) for policy in ("cv", "full")] == [40, 36]


def test_no_training_file_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match="data.train"):
        load_corpus(DataConfig(), Ledger())


def test_the_synthetic_corpus_has_all_three_parts() -> None:
    corpus = load_corpus(DataConfig(train="synthetic:ner", documents=50), Ledger())
    assert len(corpus.train) + len(corpus.dev) + len(corpus.test) == 50
    assert not {d.id for d in corpus.train} & {d.id for d in [*corpus.dev, *corpus.test]}


def make(train: int, dev: int) -> Corpus:
    documents = make_corpus("ner", documents=train + dev, seed=3)
    return Corpus(documents[:train], documents[train:])


@pytest.mark.parametrize(
    ("draw", "sizes"),
    [
        (DrawConfig(), (60, 30)),
        (DrawConfig(shots=10), (10, 10)),
        (DrawConfig(shots=10, dev_policy="full"), (10, 30)),
        (DrawConfig(shots=10, dev_policy="cv"), (10, 0)),
        (DrawConfig(percent=20), (12, 12)),
    ],
)
def test_dev_policies(draw: DrawConfig, sizes: tuple[int, int]) -> None:
    corpus = draw_corpus(make(60, 30), draw, seed=1, ledger=Ledger())
    assert (len(corpus.train), len(corpus.dev)) == sizes


def test_the_draw_follows_the_seed_unless_it_is_fixed() -> None:
    corpus = make(60, 30)

    def drawn(draw: DrawConfig, seed: int) -> list[str]:
        return [document.id for document in draw_corpus(corpus, draw, seed=seed, ledger=Ledger()).train]

    assert drawn(DrawConfig(shots=8), 1) != drawn(DrawConfig(shots=8), 2)
    assert drawn(DrawConfig(shots=8, seed=5), 1) == drawn(DrawConfig(shots=8, seed=5), 2)


def test_every_label_gets_its_shots() -> None:
    corpus = draw_corpus(make(200, 30), DrawConfig(shots_per_label=3), seed=1, ledger=Ledger())
    counts: dict[str, int] = {}
    for document in corpus.train:
        for span in document.spans:
            counts[span.label] = counts.get(span.label, 0) + 1
    assert min(counts.values()) >= 3 and len(corpus.train) < 200


def test_overlap_is_told(caplog: pytest.LogCaptureFixture) -> None:
    documents = make_corpus("ner", documents=5, seed=0)
    look_over(Corpus(documents, dev=documents[:1]), task="srl")
    name = documents[0].id
    assert caplog.messages == [f"srl: 1 x dev document also stands in train, word for word: {name} = {name}"]


@pytest.mark.parametrize(
    ("dev", "settings", "count"),
    [
        (19, {}, 1),
        (20, {}, 0),
        (0, {}, 0),
        (5, {"training.save_strategy": "no"}, 0),
        (5, {"training.eval_strategy": "no"}, 0),
        (5, {"view": "writer", "tuning.name": "frozen"}, 0),  # learns nothing
        (5, {"tuning.name": "frozen"}, 1),
    ],
)
def test_a_dev_set_too_small_to_choose_by_is_told(
    caplog: pytest.LogCaptureFixture, dev: int, settings: dict[str, Any], count: int
) -> None:
    check_dev_size(make(30, dev), Recipe().change(settings))
    assert [f"F1 of {dev} dev documents" in line and "--dev-policy cv" in line for line in caplog.messages] == (
        [True] * count
    )


def test_what_several_tasks_refuse_is_not_recommended(caplog: pytest.LogCaptureFixture) -> None:
    several = {"view": "writer", "writer.task": "ner, srl"}
    check_dev_size(make(30, 5), Recipe().change(several), task="srl")
    (line,) = caplog.messages
    assert line.startswith("srl: The F1 of 5 dev documents") and "cv" not in line


def test_documents_without_labels_are_refused() -> None:
    with pytest.raises(DataError, match="tag column"):
        require_labels(Recipe(), Corpus([Document.from_words(["no", "labels"])]))
