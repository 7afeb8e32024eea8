"""Label Studio: exports read, imports written, relations, several annotations, and old offsets in UTF-16 units."""

import json
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import detect_kind, read, write
from tagwright.io.kind import FileOptions
from tagwright.io.shapes.shape import Row
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.words import make_document


def label(at: str, start: object, end: object, *labels: object, **value: object) -> Row:
    value |= {"start": start, "end": end, "labels": list(labels)}
    return {"id": at, "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def relate(source: object, target: object, **rest: object) -> Row:
    return {"type": "relation", "from_id": source, "to_id": target, "direction": "right", **rest}


def save(tmp_path: Path, *result: Row, text: str = "Ann wed Bo", **task: object) -> Path:
    path = tmp_path / "x.json"
    whole = {"id": 4, "data": {"text": text}, "annotations": [{"id": 9, "result": list(result)}], **task}
    path.write_text(json.dumps([whole]))
    return path


def test_spans_and_relations(tmp_path: Path) -> None:
    relations = (relate("a", "b", labels=["wed"]), relate("a", "b", direction="left"))
    path = save(tmp_path, label("a", 0, 3, "PER", text="Ann"), label("b", 8, 10, "PER", "X"), *relations)
    assert detect_kind(path).kind == "labelstudio"
    (found,) = documents = read(path)
    assert found.spans == (Span(0, 1, "PER"), Span(2, 3, "PER"), Span(2, 3, "X"))
    assert found.relations == (Relation(0, 1, "wed"), Relation(1, 0, "")) and found.id == "4"
    write(documents[:1], tmp_path / "y.json", kind="labelstudio")
    (task,) = json.loads((tmp_path / "y.json").read_text())
    assert task["id"] == 4 and [item.get("id") for item in task["annotations"][0]["result"]] == [
        "a",
        "b",
        "s2",
        None,
        None,
    ]
    (back,) = read(tmp_path / "y.json")
    assert (back.spans, back.relations) == (found.spans, found.relations)


def test_scores_are_written_as_predictions(tmp_path: Path) -> None:
    document = make_document(
        "Ann wed", spans=(Span(0, 1, "PER", 0.5), Span(0, 2, "X", 1.0)), id="d", group="g", meta={"k": [1]}
    )
    write([document], tmp_path / "y.json", kind="labelstudio", ledger=(ledger := Ledger()))
    (task,) = json.loads((tmp_path / "y.json").read_text())
    assert "annotations" not in task and task["predictions"][0]["score"] == 0.75
    assert task["predictions"][0]["result"][0]["value"] == {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}
    (back,) = read(tmp_path / "y.json")
    assert back.spans == document.spans and [span.score for span in back.spans] == [0.5, 1.0]
    assert (back.id, back.group, back.meta["k"]) == ("d", "g", [1]) and not ledger


def test_the_first_annotation_that_stands_is_read_and_the_others_noted(tmp_path: Path) -> None:
    annotations = [
        {"was_cancelled": True, "result": []},
        {"result": [label("a", 0, 3, "PER")]},
        {"result": [label("a", 0, 3, "ORG")]},
    ]
    predictions = [{"result": [label("a", 4, 7, "V")]}]
    ledger = Ledger()
    path = save(tmp_path, annotations=annotations, predictions=predictions, meta={})
    assert [span.label for span in read(path, ledger=ledger)[0].spans] == ["PER"]
    assert ledger.counts == {
        "further or cancelled annotation of a task": 2,
        "prediction of a task that is annotated": 1,
        "the task's 'meta'": 1,
    }
    path = save(tmp_path, annotations=[], predictions=predictions * 2)
    assert [span.label for span in read(path, ledger=ledger)[0].spans] == ["V"]
    assert ledger.counts["further prediction of a task"] == 1


def test_what_nobody_annotated_is_told_and_a_number_of_the_tool_is_no_id(tmp_path: Path) -> None:
    """An export adds a number to each task; ours has its id among the data."""
    said = [{"result": [label("a", 0, 3, "PER")]}]
    for left in ([], [{"was_cancelled": True, "result": []}]):
        path = save(tmp_path, annotations=left, predictions=said, data={"text": "Ann wed", "id": "N8"})
        (found,) = read(path, ledger=(ledger := Ledger()))
        assert found.id == "N8" and found.spans == (Span(0, 1, "PER"),)
        assert ledger.counts["task that nobody has annotated: its prediction is read as its labels"] == 1


def test_offsets_in_utf_16_units_are_known_by_their_text(tmp_path: Path) -> None:
    text = "💩 This is 👍 Rome"
    path = save(tmp_path, label("a", 14, 18, "LOC", text="Rome"), label("b", 12, 16, "X", text="Rome"), text=text)
    (found,) = read(path)
    assert [found.cut(span) for span in found.spans] == ["Rome", "Rome"]


def test_the_text_is_found_or_asked_for(tmp_path: Path) -> None:
    item = {**label("a", 0, 3, "X"), "to_name": "body"}
    path = save(tmp_path, item, data={"body": "Ann", "title": "t"})
    assert read(path)[0].text == "Ann" and read(path)[0].meta["title"] == "t"
    path = save(tmp_path, data={"body": "Ann", "title": "t"})
    with pytest.raises(DataError, match="Which of 'body', 'title' in 'data' is the text"):
        read(path)
    assert read(path, options=FileOptions(text_column="title"))[0].text == "t"
    with pytest.raises(DataError, match="task's text is None"):
        read(path, options=FileOptions(text_column="x"))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([label("a", 0, 99, "X")], r"the end of result\[0\] is 99"),
        ([label("a", "0", "3", "X")], "is '0', and a whole number"),
        ([label("a", 0, 3, 7)], r"has the labels \[7\]"),
        ([label("a", 0, 3)], r"has the labels \[\]"),
        ([relate("a", "b")], "A relation names 'a', which is no span"),
        ([label("a", 0, 3, "X"), relate("a", "a", labels="r")], "A relation has the labels 'r'"),
        ([3], r"result\[0\] is 3"),
    ],
)
def test_faults_name_the_file_and_line(tmp_path: Path, items: list[Row], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(save(tmp_path, *items))
    assert caught.value.line == 1


def test_other_results_are_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    choice = {"type": "choices", "value": {"choices": ["news"]}}
    path = save(tmp_path, choice, label("a", 3, 4, "X"), relate("a", "a"), label("b", 0, 3, "X", text="Bo"))
    (found,) = read(path, ledger=ledger)
    assert len(found.spans) == 1 and ledger.counts == {
        "result of type 'choices'": 1,
        "span that touches no word": 1,
        "relation of a span that touches no word": 1,
        "span whose stated text is not what stands at its offsets": 1,
    }
