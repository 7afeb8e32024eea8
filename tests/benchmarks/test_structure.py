"""The study of structure: documents of equal length, inner spans counted, a cell for all that is compared."""

import argparse
from pathlib import Path

import pytest
import structure
from cells.structure import join_documents, measure_inner
from study import check_cells

from nested_documents import make_documents
from tagwright.heads import HeadConfig


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
    assert measure_inner(gold, gold) == {"spans": 7, "recall": 100.0}
    assert 0 < measure_inner(gold, outer)["recall"] < 100
    nothing = [document.with_spans(()) for document in gold]
    assert measure_inner(gold, nothing)["recall"] == 0 and measure_inner(nothing, gold)["spans"] == 0


def test_every_corpus_has_its_cells(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    options = argparse.Namespace(backbones={"tiny": str(tmp_path)}, seeds=2, data=tmp_path, epochs=1, limit_documents=5)
    cells = [
        *structure.list_times(options, list(structure.PAIRS)),
        *structure.list_heads(options, list(structure.PAIRS)),
    ]
    check_cells(cells)
    heads = 2 * (len(structure.PAIRS) + len(structure.FLATTENED))
    assert len(cells) == len(structure.PAIRS) + heads
    assert all(HeadConfig(**head).name == "pairs" for head in structure.PAIRS.values())
    assert set(structure.MAIN) == set(structure.PAIRS) == set(structure.THOUGHT)


def test_what_is_not_there_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert structure.find_corpora(["conll04", "other"], tmp_path) == []
    told = capsys.readouterr().out
    assert "conll04 is left out: there is no" in told and "other is left out: the study knows" in told
