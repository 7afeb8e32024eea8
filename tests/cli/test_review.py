"""tagwright predict --min-score, --review and --cover: what is left out, what a person gets, and how it comes back."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli_run import Run
from tagwright.cli.terminal.review import Review
from tagwright.errors import ModelError, RecipeError
from tagwright.evaluation.report import evaluate
from tagwright.io.files import read, write
from tagwright.recipe.api import train
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span


def list_scores(documents: list[Document]) -> list[float]:
    return [span.score for document in documents for span in document.spans if span.score is not None]


def find_middle(run: Run) -> float:
    """A score that some spans have less and some more than."""
    run("predict", "labeler", "train.jsonl", "-o", "all.jsonl")
    scores = sorted(list_scores(read("all.jsonl")))
    return round(scores[len(scores) // 2], 3)


def test_spans_below_a_score_are_left_out_counted_and_said(run: Run, labeler: Path) -> None:
    middle = find_middle(run)
    done = run("predict", "labeler", "train.jsonl", "-o", "some.jsonl", "--min-score", middle)
    scores, kept = list_scores(read("all.jsonl")), list_scores(read("some.jsonl"))
    assert kept == [score for score in scores if score >= middle] and 0 < len(kept) < len(scores)
    assert f"{len(scores) - len(kept)} x span below --min-score {middle:g}, left out" in done.stderr
    shown = run("predict", "labeler", "--text", "They moved to Oruford.", "--min-score", 1).stdout
    assert shown.strip() == "They moved to Oruford."


def test_predictions_without_a_score_stay_and_are_counted(
    run: Run, labeler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [replace(one, spans=tuple(replace(span, score=None) for span in one.spans)) for one in read("train.jsonl")]
    monkeypatch.setattr("tagwright.inference.predictor.Predictor.stream", lambda *_: iter(found))
    arguments = ("predict", "labeler", "train.jsonl", "-o", "all.jsonl", "--min-score", 0.9, "--review", "doubt.json")
    said = "prediction without a score: --min-score and --review can't judge it, so it stays"
    assert f"{sum(len(one.spans) for one in found)} x {said}" in run(*arguments).stderr
    assert len(read("all.jsonl")) == len(found)


def correct(tasks: list[dict[str, Any]], gold: dict[str, Document]) -> list[dict[str, Any]]:
    """What Label Studio exports after a person has put every document right."""
    done = []
    for task in tasks:
        document = gold[task["data"]["id"]]
        result = []
        for at, span in enumerate(document.spans):
            start, end = document.find_chars(span)
            value = {"start": start, "end": end, "text": document.text[start:end], "labels": [span.label]}
            result.append({"id": f"n{at}", "from_name": "label", "to_name": "text", "type": "labels", "value": value})
        done.append({**task, "annotations": [{"result": result}]})
    return done


def test_uncertain_documents_are_reviewed_corrected_and_learned_from(run: Run, labeler: Path, here: Path) -> None:
    middle = find_middle(run)
    arguments = ("predict", "labeler", "train.jsonl", "-o", "sure.jsonl", "--review", "doubt.json")
    done = run(*arguments, "--review-below", middle)
    sure, doubtful = read("sure.jsonl"), read("doubt.json")
    assert len(sure) + len(doubtful) == 60 and doubtful and sure
    assert f"{len(doubtful)} documents to review, written to doubt.json." in done.stderr
    assert min(list_scores(sure)) >= middle
    assert all(min(list_scores([document])) < middle for document in doubtful)
    expected = [sum(1 - score for score in list_scores([document])) for document in doubtful]
    assert expected == sorted(expected, reverse=True)

    gold = {document.id: document for document in read("train.jsonl")}
    tasks = json.loads((here / "doubt.json").read_text())
    (here / "corrected.json").write_text(json.dumps(correct(tasks, gold)))
    corrected = _read_corrected()
    assert [document.id for document in corrected] == [document.id for document in doubtful]
    assert all(document.spans == gold[document.id].spans for document in corrected)
    assert evaluate([gold[document.id] for document in corrected], corrected).headline == 1
    settings = {"training.max_steps": 1, "data.dev_share": 0.0, "training.eval_strategy": "no"}
    again = train([*sure, *corrected], model="builtin:untrained", settings=settings)
    assert again.tagger.labels.names


def _read_corrected() -> list[Document]:
    """Predictions beside annotations are noted by the reader: a person has looked at them."""
    with pytest.warns(UserWarning, match="prediction of a task that is annotated"):
        return read("corrected.json")


@pytest.mark.parametrize(("file", "to"), [("doubt.jsonl", None), ("doubt.txt", "doccano")])
def test_doccano_gets_rows_with_labels(run: Run, labeler: Path, here: Path, file: str, to: str | None) -> None:
    extra = () if to is None else ("--review-to", to)
    run("predict", "labeler", "train.jsonl", "-o", "sure.jsonl", "--review", file, "--review-below", 1, *extra)
    rows = [json.loads(line) for line in (here / file).read_text().splitlines()]
    assert rows and all({"text", "label"} <= set(row) for row in rows)
    read_back = read(file, kind="doccano")
    assert {document.id for document in read_back} | {d.id for d in read("sure.jsonl")} == {
        document.id for document in read("train.jsonl")
    }


def test_a_coverage_hands_documents_over(run: Run, labeler: Path) -> None:
    with pytest.raises(ModelError, match="not calibrated for a coverage"):
        run("predict", "labeler", "train.jsonl", "--cover", "--review", "doubt.json")
    write(read("train.jsonl")[::-1], "turned.jsonl")  # another file: that of training is refused
    told = run("calibrate", "labeler", "turned.jsonl", "--coverage", 0.7, "--most-added", 4).stdout
    assert "Coverage: 70 % of a document's gold spans" in told and "handed over" in told
    run("predict", "labeler", "train.jsonl", "-o", "sure.jsonl", "--cover", "--review", "doubt.json")
    gold, found = read("train.jsonl"), {document.id: document for document in read("sure.jsonl")}
    assert len(found) + len(read("doubt.json")) == 60
    with_gold = [document for document in gold if document.spans]
    shares = [
        len(set(document.spans) & set(found[document.id].spans)) / len(document.spans) if document.id in found else 1
        for document in with_gold
    ]
    assert sum(shares) / len(shares) >= 0.7


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("train.jsonl", "--cover"), "--cover hands documents to a person"),
        (("train.jsonl", "--cover", "--review", "a.json", "--min-score", 0.5), "drops spans that --cover promises"),
        (("train.jsonl", "--review-below", 0.5), "--review FILE, which is missing"),
        (("train.jsonl", "--review", "a.csv"), "the name 'a.csv' says no tool"),
        (("train.jsonl", "--review", "a.json", "--review-to", "brat"), "the kind 'brat' says no tool"),
        (("train.jsonl", "--min-score", 50), "--min-score is 50, and scores lie between 0 and 1"),
        (("train.jsonl", "--review", "train.jsonl"), "it would be overwritten. Choose another --review"),
        (("train.jsonl", "-o", "a.json", "--review", "a.json"), "--out and --review are both a.json"),
        (("--text", "a", "--review", "a.json"), "--review is for documents of a file"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    run: Run, labeler: Path, arguments: tuple[object, ...], fault: str
) -> None:
    with pytest.raises(RecipeError, match=fault):
        run("predict", "labeler", *arguments)


def test_states_that_no_tool_for_people_holds_are_not_reviewed(
    run: Run, labeler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SimpleNamespace(model=SimpleNamespace(predicts=frozenset(("fields",))))
    monkeypatch.setattr("tagwright.cli.terminal.labelers.load_labeler", lambda *_, **__: writer)
    with pytest.raises(RecipeError, match="hold no dialogue states, and this labeler finds some. Leave it out"):
        run("predict", "labeler", "train.jsonl", "-o", "sure.jsonl", "--review", "doubt.json")


def test_given_spans_say_nothing_of_what_is_uncertain() -> None:
    spans = (Span(0, 1, "x", 0.1), Span(1, 2, "", 0.3))
    document = Document.from_words(["a", "b"], spans=spans, relations=(Relation(0, 1, "role", 0.75),))
    assert list(Review(0.5, given=("predicates",)).divert([(document, False)])) == [document]
    review = Review(0.5)
    assert list(review.divert([(document, False), (document, True)])) == [] and len(review.taken) == 2
    assert review.expect_mistakes(document) == pytest.approx(0.9 + 0.25)
    assert Review(0.5, given=("predicates",)).expect_mistakes(document) == pytest.approx(0.25)
