"""Documents through a writer: constrained or free, in passes, in any batches, with everything counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import Runner, RunnerConfig
from tagwright.models.writer import Writer
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from taught_writers import learn, make_dialogue, make_entities, make_roles, make_writer, save_writer

DOCUMENTS = make_entities()


@pytest.fixture(scope="module", params=["t5", "llama"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def writer(model: Path) -> Writer:
    """It has learned a little."""
    writer = make_writer(model, DOCUMENTS)
    learn(writer, DOCUMENTS, steps=25)
    return writer


def test_batches_and_order_change_nothing(writer: Writer) -> None:
    expected = Runner(writer).predict(DOCUMENTS)
    assert any(document.spans for document in expected)
    for config in (RunnerConfig(tokens_per_batch=16), RunnerConfig(documents_at_once=3, tokens_per_batch=60)):
        found = Runner(writer, config=config).predict(DOCUMENTS[::-1])[::-1]
        assert [document.id for document in found] == [document.id for document in DOCUMENTS]
        for one, other in zip(expected, found, strict=True):
            assert [span.bounds for span in one.spans] == [span.bounds for span in other.spans]


def test_a_writer_that_knows_nothing_writes_well_formed(model: Path) -> None:
    runner = Runner(make_writer(model, DOCUMENTS, max_target_tokens=60))
    runner.predict(DOCUMENTS)
    faults = runner.faults
    assert faults.outputs == 8 and faults.having["cut off"] > 4
    assert set(faults.having) <= {"cut off", "lost tail", "repeated"}


def test_without_the_constraint_everything_that_is_wrong_is_counted(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS, max_target_tokens=12)
    free = Runner(writer, config=RunnerConfig(constrained=False))
    found = free.predict(DOCUMENTS)
    assert free.faults.rate("cut off") > 0.5 and free.faults.outputs == 8
    assert any("output that is cut off: the longest output that is allowed" in line for line in free.ledger.lines())
    assert [document.words for document in found] == [document.words for document in DOCUMENTS]


def test_spans_have_scores_and_gold_is_never_read(writer: Writer) -> None:
    found = Runner(writer).predict(DOCUMENTS)
    scores = [span.score for document in found for span in document.spans]
    assert scores and all(score is not None and 0 < score <= 1 for score in scores)
    assert Runner(writer).predict([document.only() for document in DOCUMENTS]) == found


def test_several_paths_find_outputs_that_are_as_well_formed(writer: Writer) -> None:
    several = Runner(writer, config=RunnerConfig(beams=3))
    found = several.predict(DOCUMENTS[:3])
    assert several.faults.outputs == 3 and set(several.faults.having) <= {"cut off", "lost tail", "repeated"}
    assert all(span.score is not None and 0 < span.score <= 1 for document in found for span in document.spans)
    small = Runner(writer, config=RunnerConfig(beams=3, tokens_per_batch=16))
    assert small.predict(DOCUMENTS[:3]) == found
    with pytest.raises(RecipeError, match="beams is 0; a writer goes at least one way"):
        RunnerConfig(beams=0)


def test_a_predictor_takes_texts(writer: Writer) -> None:
    labeler = Predictor(writer)
    assert [set(span) for span in labeler("Bob left")] in ([], [{"start", "end", "label", "text", "score"}])
    assert labeler.predict([[], ["Bob", "left"]])[0].spans == ()
    assert "2 labels" in repr(labeler)
    with pytest.raises(ModelError, match="This labeler is a writer; what was asked of it is for taggers alone"):
        labeler.tagger  # noqa: B018


def test_a_source_that_does_not_fit_is_said(model: Path) -> None:
    long = Document.from_words(["rain"] * 600, id="long")
    runner = Runner(make_writer(model, DOCUMENTS))
    assert runner.predict([long])[0].spans == ()
    assert "not asked, so nothing is found: long" in next(runner.ledger.lines())
    with pytest.raises(DataError, match="long asks with .* tokens, .* fit"):
        Runner(runner.model, config=RunnerConfig(on_long="error")).predict([long])


def test_given_parts_are_asked_about_one_by_one(model: Path) -> None:
    documents = make_roles()
    writer = make_writer(model, documents, task="srl", max_target_tokens=40)
    runner = Runner(writer)
    found = runner.predict(documents)
    assert runner.faults.outputs == 8
    assert all(document.spans[:2] == documents[0].spans[:2] for document in found[:1])
    with pytest.raises(DataError, match="is to be given predicates, which a str has not"):
        runner.predict(["Ann bought it"])


def test_a_dialogue_is_asked_after_every_turn_of_its_user(model: Path) -> None:
    dialogue = make_dialogue()
    runner = Runner(make_writer(model, [dialogue], task="dst", max_target_tokens=60))
    (found,) = runner.predict([dialogue])
    assert runner.faults.outputs == 2 and found.turns == dialogue.turns
    assert {field.turn for field in found.fields} <= {0, 2}


def test_a_later_pass_asks_about_what_an_earlier_one_found(tmp_path: Path) -> None:
    fire = Document.from_words(
        ["Ann", "fired", "Bob"],
        spans=(Span(1, 2, "Dismissal"), Span(0, 1), Span(2, 3)),
        relations=(Relation(0, 1, "By"), Relation(0, 2, "Whom")),
    )
    writer = make_writer(save_writer("llama", tmp_path), [fire], task="events")
    learn(writer, [fire])
    runner = Runner(writer)
    (found,) = runner.predict([fire.only()])
    assert runner.faults.outputs == 2 and not runner.ledger
    assert [replace(span, score=None) for span in found.spans] == list(fire.spans)
    assert {(edge.head, edge.tail, edge.label) for edge in found.relations} == {(0, 1, "By"), (0, 2, "Whom")}
