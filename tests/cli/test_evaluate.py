"""tagwright evaluate: predictions or a labeler against gold, with everything that was scored shown."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from cli_run import Run
from tagwright.cli.evaluate import _score_labeler
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.io.files import write
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import make_corpus
from taught_writers import make_roles


def test_predictions_are_scored(run: Run, conll: Path, here: Path) -> None:
    (here / "said.conll").write_text(conll.read_text().replace("B-LOC", "O"), encoding="utf-8")
    shown = run("evaluate", "gold.conll", "said.conll", "--json", "out.json", "--html", "out.html").stdout
    assert "gold.conll: 2 documents, 6 words" in shown
    assert "word accuracy (labels of all words, those in no span too; borders don't count): 83.33" in shown
    content = json.loads((here / "out.json").read_text())
    assert content["headline"] == {"name": "exact.f1", "value": pytest.approx(0.8)}
    assert (here / "out.html").read_text().startswith("<!doctype html>")


def test_gold_and_predicted_may_be_columns_of_one_file(run: Run, here: Path) -> None:
    (here / "both.conll").write_text("Ada B-PER O\nran O O\nRome B-LOC B-LOC\n\n", encoding="utf-8")
    columns = ("--tag-column", 1, "--predicted-tag-column", 2)
    run("evaluate", "both.conll", "both.conll", *columns, "--json", "out.json")
    exact = json.loads((here / "out.json").read_text())["scores"]["exact"]["micro"]
    assert (exact["gold"], exact["predicted"], exact["correct"]) == (2, 1, 1)


def test_files_of_different_kinds_are_scored(run: Run, conll: Path) -> None:
    run("convert", "gold.conll", "said.jsonl")
    shown = run("evaluate", "gold.conll", "said.jsonl", "--tag-column", 1).stdout
    assert "borders don't count): 100.00" in shown


def test_a_border_inside_a_word_is_told(run: Run, here: Path) -> None:
    row = '{"id": "d", "text": "in New York", "spans": [{"start": 3, "end": %d, "label": "LOC"}]}\n'
    for name, end in (("gold.jsonl", 10), ("said.jsonl", 11)):
        (here / name).write_text(row % end, encoding="utf-8")
    shown = run("evaluate", "gold.jsonl", "said.jsonl", "--html", "out.html").stdout
    line = "1 x gold span with a border inside a word, scored by the words it touches: d 'New Yor'"
    assert f"What scoring could not hold: {line}" in shown
    assert "gold.jsonl: 1 document, 3 words" in shown
    assert "gold span with a border inside a word" in (here / "out.html").read_text()


@pytest.mark.parametrize(
    ("task", "heads"), [("relations", ["relations (micro)", "relation "]), ("roles", ["roles (micro)", "role "])]
)
def test_what_else_is_there_is_scored_too(run: Run, here: Path, *, task: str, heads: list[str]) -> None:
    write(make_corpus(task, documents=20, seed=1), here / "gold.jsonl")
    shown = run("evaluate", "gold.jsonl", "gold.jsonl").stdout
    for head in heads:
        assert head in shown


def test_a_dialogue_state_has_its_own_scores(run: Run, here: Path) -> None:
    row = '{"text": "a hotel", "fields": [{"name": "type", "values": ["hotel"], "turn": 0}]}'
    (here / "gold.jsonl").write_text(row + "\n", encoding="utf-8")
    shown = run("evaluate", "gold.jsonl", "gold.jsonl").stdout
    assert "joint: 100.00" in shown
    assert "slots (micro)" in shown


def test_a_labeler_is_scored(run: Run, labeler: Path, here: Path) -> None:
    text = (here / "train.jsonl").read_text().replace('"ORG"', '"GUILD"')
    (here / "gold.jsonl").write_text(text, encoding="utf-8")
    shown = run("evaluate", "--model", "labeler", "gold.jsonl", "--json", "out.json").stdout
    assert "label in gold that the labeler doesn't know: GUILD" in shown
    assert json.loads((here / "out.json").read_text())["documents"] == 60


def test_labels_that_a_labeler_is_given_are_not_its_to_know() -> None:
    """The senses of predicates."""
    labeler = Mock(stream=list)
    labeler.model.labels, labeler.model.predicts = Labels(("buy",), ("ARG0",)), frozenset(("spans", "relations"))
    for given, noted in (((), {"sell (1 span)", "ARG1 (1 relation)"}), (("predicates",), {"ARG1 (1 relation)"})):
        labeler.model.given, ledger = given, Ledger()
        _score_labeler(labeler, iter(make_roles()[:1]), ledger=ledger)
        assert {*ledger.places["label in gold that the labeler doesn't know"]} == noted


def test_a_labeler_on_its_training_file_is_warned_of(run: Run, labeler: Path) -> None:
    done = run("evaluate", "--model", "labeler", "train.jsonl")
    assert "train.jsonl is the file that this labeler was trained on" in done.stderr


def test_it_takes_a_file_or_a_labeler(run: Run, conll: Path) -> None:
    for arguments in ((), ("gold.conll", "--model", "labeler")):
        with pytest.raises(RecipeError, match="either a file of predictions or --model"):
            run("evaluate", "gold.conll", *arguments)


def test_what_cannot_be_scored_is_refused(run: Run, conll: Path, here: Path) -> None:
    (here / "other.conll").write_text("Ada\tO\nL.\tO\nsaw\tO\nRome\tO\n\n", encoding="utf-8")
    with pytest.raises(DataError, match="2 documents, the prediction has 1"):
        run("evaluate", "gold.conll", "other.conll")
    with pytest.raises(DataError, match="no such file"):
        run("evaluate", "gold.conll", "gone.conll")
    with pytest.raises(ModelError, match="holds no tagwright.json"):
        run("evaluate", "gold.conll", "--model", here)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gold.conll", "--task", "srl"), "--task only counts with --model"),
        (("gold.conll", "--beams", 2), "--beams only counts with --model"),
        (
            ("--model", "labeler", "--predicted-from", "jsonl"),
            "--predicted-from only counts with a file of predictions",
        ),
    ],
)
def test_options_of_the_other_side_are_refused(run: Run, conll: Path, arguments: tuple[object, ...], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        run("evaluate", "gold.conll", *arguments)
