"""Documents through a writer: constrained or free, in passes, in any batches, with everything counted."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.inference.generate import Prompt, Written
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import Runner, RunnerConfig
from tagwright.models.writing.sources import ANSWER
from tagwright.models.writing.writer import Writer
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
    told = f"output that is cut off after {writer.sources.room} tokens at most (writer.max_target_tokens): the longest"
    assert any(told in line for line in free.ledger.lines())
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


NAMES = {"Ann": "PER", "Bob": "PER", "Lee": "PER", "Rome": "LOC", "Oslo": "LOC"}
TEXT = ("Bob Lee saw old Rome and no one left it rains Ann slept in Oslo " * 20).split()


def know(words: Sequence[str], **rest: Any) -> Document:
    """The names among some words, and that a person saw the place that comes next."""
    spans = [Span(at, at + 1, NAMES[word]) for at, word in enumerate(words) if word in NAMES]
    seen = [at for at in range(1, len(spans)) if "saw" in words[spans[at - 1].start : spans[at].start]]
    return Document.from_words(
        words, spans=tuple(spans), relations=tuple(Relation(at - 1, at, "saw") for at in seen), **rest
    )


def answer_by_heart(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model writes what is right of whatever it is asked, if its grammar lets it."""

    def write(_: Any, prompts: Sequence[Prompt], **limits: Any) -> list[Written]:
        outputs = []
        for prompt in prompts:
            source = writer.sources.lexicon.read(prompt.ids).text.removesuffix(f" {ANSWER}")
            words = [word for word in source.split() if not word.startswith("<")]
            ids = writer.sources.lexicon.encode(writer.format.write(know(words))[0].target)
            assert prompt.grammar is not None and prompt.grammar.accepts(ids)
            outputs.append(Written(ids, (-0.5,) * len(ids), True, -0.5 * len(ids)))
        return outputs

    monkeypatch.setattr("tagwright.inference.interview.generate", write)


def test_a_writer_is_calibrated_and_hands_over_what_it_doubts(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sure, doubtful = ["Bob", "left"], ["Ann", "slept", "in", "old", "Rome", "and", "Lee", "slept", "in", "Oslo"]
    writer = make_writer(model, [know(TEXT)])
    answer_by_heart(writer, monkeypatch)
    turned = [Span(span.start, span.end, "LOC" if span.label == "PER" else "PER") for span in know(doubtful).spans]
    gold = [know(sure, id=f"sure {at}") for at in range(20)]
    gold += [know(doubtful, id=f"doubtful {at}").with_spans(turned) for at in range(20)]
    labeler = Predictor(writer)
    fitted = labeler.calibrate(gold, method="platt", coverage=0.9)
    assert (fitted.parts["spans"].predicted, fitted.parts["spans"].right) == (100, 20)
    assert fitted.covered is not None and (fitted.covered.share, fitted.covered.handed) == (1.0, 0.5)
    for document, (found, is_handed) in zip(gold, labeler.cover(gold), strict=True):
        assert is_handed == (document.id or "").startswith("doubtful") and len(found.spans) in (1, 4)
    with pytest.raises(DataError, match="is missed even in the likeliest documents"):
        wrong = [document.with_spans([Span(0, 2, "LOC")]) for document in gold[:20]]
        labeler.calibrate([*gold[20:], *wrong], coverage=0.9)


def test_doubts_of_windows_add_up(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = make_writer(model, [know(TEXT)])
    answer_by_heart(writer, monkeypatch)
    runner, document = Runner(writer), know(TEXT)
    (whole,) = runner.propose([document])
    parts = list(runner.propose(writer.sources.cut(document).slices))
    assert len(parts) > 1 and whole.doubt == pytest.approx(sum(part.doubt for part in parts)) and whole.doubt > 0
    assert whole.document == runner.predict([document])[0] and not whole.candidates


@pytest.mark.parametrize(("task", "format"), [("ner", "inline"), ("joint-er", "records"), ("ner", "sentinel")])
def test_a_long_document_is_asked_about_in_windows(
    task: str, format: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = make_writer(model, [know(TEXT)], task=task, format=format)
    answer_by_heart(writer, monkeypatch)
    runner, known = Runner(writer), [know(TEXT[:3], id="short"), know(TEXT)]
    short, long = runner.predict(known)
    assert short.spans == known[0].spans and long.spans == known[1].spans
    assert all(span.score is not None for span in long.spans) and long.words == tuple(TEXT)
    assert set(long.relations) == (set(known[1].relations) if task == "joint-er" else set())
    windows = writer.sources.cut(known[1]).slices
    assert runner.faults.outputs == 1 + len(windows) > 3
    (line,) = runner.ledger.lines()
    assert line == f"1 x source of more than {writer.sources.most} tokens: asked in windows that overlap: document 2"


def test_a_long_document_may_be_refused_or_cut_off(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, long = make_writer(model, DOCUMENTS), know(TEXT, id="long")
    answer_by_heart(writer, monkeypatch)
    with pytest.raises(DataError, match="long asks with .* fit. Use --on-long window to cut it into windows that"):
        Runner(writer, config=RunnerConfig(on_long="error")).predict([long])
    runner = Runner(writer, config=RunnerConfig(on_long="truncate"))
    (found,) = runner.predict([long])
    first = writer.sources.cut(long).slices[0]
    assert found.words == long.words and found.spans == know(first.words).spans
    assert runner.ledger.total == len(long) - len(first)
    assert "words beyond the window were cut off (--on-long truncate): long" in next(runner.ledger.lines())


def test_what_is_written_about_windows_fits_into_the_model(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS, format="records", max_target_tokens=8)
    runner, long = Runner(writer), know(TEXT[:180])
    (found,) = runner.predict([long.only()])
    assert runner.faults.outputs == len(writer.sources.cut(long).slices) > 1 and found.words == long.words


@pytest.mark.parametrize("task", ["ner", "srl"])
def test_a_source_that_does_not_fit_is_said(task: str, model: Path) -> None:
    """A word that no window holds; a task whose questions need the whole document."""
    words = ["rain" * 300] if task == "ner" else ["rain"] * 600
    long = Document.from_words(words, id="long", spans=(Span(0, 1, "rain"),))
    runner = Runner(make_writer(model, make_roles() if task == "srl" else DOCUMENTS, task=task))
    (found,) = runner.predict([long])
    assert found.spans == (long.spans if task == "srl" else ())
    (line,) = runner.ledger.lines()
    assert line.endswith("tokens: not asked, so nothing is found: long")
    (proposal,) = runner.propose([long])
    assert proposal.doubt == inf
    with pytest.raises(DataError, match="long asks with .* tokens, .* fit. Use --on-long window to "):
        Runner(runner.model, config=RunnerConfig(on_long="error")).predict([long])


def test_given_parts_are_asked_about_one_by_one(model: Path) -> None:
    documents = make_roles()
    writer = make_writer(model, documents, task="srl", max_target_tokens=40)
    runner = Runner(writer)
    found = runner.predict(documents)
    assert runner.faults.outputs == 8
    assert all(document.spans[:2] == documents[0].spans[:2] for document in found[:1])
    with pytest.raises(DataError, match="is to be given predicates, which a text has not"):
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
