"""The study of structure: documents of equal length, inner spans counted, a cell for all that is compared."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import structure
from cells.structure import join_documents, list_settings, measure_inner
from study import Cell, check_cells

from nested_documents import make_documents
from tagwright.heads import HeadConfig
from tagwright.recipe.recipe import Recipe
from tagwright.text.span import find_flat


def test_joined_documents_have_so_many_words_and_keep_what_lies_within() -> None:
    documents = make_documents()
    joined = join_documents(documents, words=9, count=3)
    assert [len(document) for document in joined] == [9, 9, 9]
    first = joined[0]
    assert first.words == (*documents[0].words, *documents[1].words[:2])
    assert [span.label for span in first.spans] == ["ORG", "LOC", "ORG", "PER", "PER"]
    assert [first.cut(span) for span in first.spans[3:]] == ["dr ab", "ab"]
    assert [(edge.head, edge.tail) for edge in first.relations] == [(0, 1), (0, 2)]  # the third leads out of it


def test_inner_spans_are_those_that_a_flat_tagging_drops() -> None:
    gold = make_documents()
    outer = [document.with_spans(span for span in document.spans if len(span) > 1) for document in gold]
    assert measure_inner(gold, gold) == {"spans": 7, "recall": 100.0, "beside": 100.0}
    assert 0 < measure_inner(gold, outer)["recall"] < 100
    inner = [document.with_spans(find_flat(document.spans)[1]) for document in gold]
    assert measure_inner(gold, inner) == {"spans": 7, "recall": 100.0, "beside": 0.0}
    nothing = [document.with_spans(()) for document in gold]
    assert measure_inner(gold, nothing)["recall"] == 0 and measure_inner(nothing, gold)["spans"] == 0


@pytest.fixture
def cells(tmp_path: Path) -> list[Cell]:
    (tmp_path / "config.json").write_text("{}")
    options = argparse.Namespace(
        backbones={"tiny": str(tmp_path)}, seeds=2, data=tmp_path, epochs=1, limit_documents=5, writer_seeds=1
    )
    options.writer, options.out = str(tmp_path), tmp_path
    corpora = list(structure.PAIRS)
    return [*structure.list_times(options, corpora), *structure.list_arms(options, corpora)]


def test_every_corpus_has_its_cells(cells: list[Cell]) -> None:
    check_cells(cells)
    corpora = len(structure.PAIRS)
    heads = 2 * (corpora + len(structure.FLATTENED))
    assert len(cells) == corpora + heads + corpora  # times, heads on two seeds, writers on one
    assert all(HeadConfig(**head).name == "pairs" for head in structure.PAIRS.values())
    for about in (structure.MAIN, structure.TASKS, structure.LONG, structure.TOKENS):
        assert set(about) == set(structure.PAIRS)


def test_every_arm_is_a_recipe(cells: list[Cell]) -> None:
    known: dict[str, Any] = {"model": "builtin:tiny-encoder"}
    for cell in cells:
        if cell.settings["part"] == "arm":
            recipe = Recipe().change(list_settings({**cell.settings, **known}))
            assert (recipe.view == "writer") == (cell.settings["arm"] == "writer")


def test_tables_put_the_writer_beside_both_heads(cells: list[Cell]) -> None:
    result = {"scores": {"exact.f1": 50.0}, "inner": {"spans": 4, "recall": 25.0, "beside": 0.0}, "train_seconds": 1.0}
    result |= {"test_seconds": 1.0}
    records = {
        cell.name: {"settings": cell.settings, "result": result} for cell in cells if cell.settings["part"] == "arm"
    }
    told = structure.report(records)
    rows = {(row["corpus"], row["score"]): row for row in told["scores"]}
    spans, edges = rows["conll04", "exact.f1"], rows["conll04", "relations.f1"]
    assert spans["pairs"] == spans["flat"] == {1: 50.0, 2: 50.0} and spans["writer"] == {1: 50.0}
    assert edges["flat"] == {} and edges["writer"] == {1: 0.0} and edges["gain"] is None
    assert {row["corpus"] for row in told["inner"]} == set(structure.FLATTENED)
    assert told["inner"][0]["recall"]["writer"] == [25.0]


def test_what_is_not_there_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert structure.find_corpora(["conll04", "other"], tmp_path) == []
    told = capsys.readouterr().out
    assert "conll04 is left out: there is no" in told and "other is left out: the study knows" in told
