"""The writer: what it is taught, what it loses on it, and how much room there is."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.formats import TASKS
from tagwright.models.config import WriterConfig
from tagwright.models.writing.sources import ANSWER
from tagwright.models.writing.writer import Writer, WriterPlan
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.training.documents import LearnedDocuments
from tagwright.training.trainer import encode
from taught_writers import make_dialogue, make_entities, make_roles, make_writer, save_writer

DOCUMENTS = make_entities()


@pytest.fixture(scope="module", params=["t5", "llama"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(request.param, tmp_path_factory.mktemp(request.param))


def read(writer: Writer, ids: Any) -> str:
    return writer.sources.lexicon.read([int(each) for each in ids]).text


def test_a_pair_is_a_source_and_a_target_that_ends(model: Path) -> None:
    writer, ledger = make_writer(model, DOCUMENTS), Ledger()
    pieces, targets = writer.teach(DOCUMENTS, ledger)
    asked = "Ann saw Rome" + ("" if writer.backbone.is_pair else f" {ANSWER}")
    assert read(writer, pieces[0].ids) == asked
    assert read(writer, targets[0][:-1]) == "[ Ann | person ] saw [ Rome | location ]"
    assert all(target[-1] == writer.backbone.end for target in targets) and not ledger
    assert pieces[0].count == len(targets[0]) and len(pieces[0]) == len(pieces[0].ids) + len(targets[0])
    assert writer.sources.longest == max(map(len, targets))


def test_only_targets_are_learned(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS)
    pieces, targets = writer.teach(DOCUMENTS, Ledger())
    batch = writer.collate_gold(pieces, targets)
    assert int((batch["gold"] >= 0).sum()) == int(batch["counts"].sum()) == sum(map(len, targets))


def test_a_document_loses_the_same_in_any_company(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS)
    pieces, targets = writer.teach(DOCUMENTS, Ledger())
    with torch.no_grad():
        each = writer.lose_each(pieces, targets)
        alone = torch.cat([writer.lose_each([piece], [gold]) for piece, gold in zip(pieces, targets, strict=True)])
        whole = writer(**writer.collate_gold(pieces, targets))
    assert torch.allclose(each, alone, atol=1e-3) and torch.allclose(each.sum(), whole, atol=1e-3)


def test_a_tuning_is_told_the_loss_of_each_document(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS)
    learned = LearnedDocuments(writer, encode(writer, DOCUMENTS, ledger=Ledger()), precision=None)
    with torch.no_grad():
        expected = writer.lose_each(*writer.teach(DOCUMENTS, Ledger()))
    assert torch.allclose(learned.losses(range(8)), expected, atol=1e-3)
    assert learned.words == [piece.count for piece in writer.teach(DOCUMENTS, Ledger())[0]]


def test_what_is_too_long_is_counted_and_not_cut(model: Path) -> None:
    ledger = Ledger()
    writer = make_writer(model, DOCUMENTS, max_target_tokens=24)
    pieces, targets = writer.teach(DOCUMENTS, ledger)
    assert max(map(len, targets)) <= 24 and len(pieces) + ledger.total == len(DOCUMENTS)
    (reason,) = ledger.counts
    assert reason == "target of more than 24 tokens: not taught (writer.max_target_tokens), of 8 questions"


def test_what_fills_a_decoder_is_told_by_its_window_and_its_own_limit(tmp_path: Path) -> None:
    spans = tuple(Span(at, at + 1, "PER") for at in range(100))  # the targets are far longer than the sources
    long, ledger = Document.from_words(["Ann"] * 100, id="long", spans=spans), Ledger()
    writer = make_writer(save_writer("llama", tmp_path), [long])
    pieces, _ = writer.teach([DOCUMENTS[0], long], ledger)
    reason = next(reason for reason in ledger.counts if "together" in reason)
    count = ledger.counts[reason]
    assert len(pieces) == 1 and reason == (
        "source and target of more than 160 tokens together: not taught (the model takes no more; the format records "
        f"has shorter targets), of {count + 1} questions"
    )
    assert ledger.places[reason][0] == f"long window 1 of {count}"


def test_what_its_task_has_no_question_for_is_counted_with_the_tasks_that_do(model: Path) -> None:
    ledger = Ledger()
    make_writer(model, make_roles()).note_unheld([*make_roles(), make_dialogue()], ledger)
    assert ledger.counts["relation: the task 'ner' has none, 'joint-er', 'srl' and 'events' do"] == 12
    assert ledger.counts["field of a dialogue: the task 'ner' has none, 'dst' does"] == 3
    held = Ledger()
    make_writer(model, make_roles(), task="srl").note_unheld(make_roles(), held)
    assert not held


def test_a_long_source_that_can_not_be_cut_is_counted(model: Path) -> None:
    writer, ledger = make_writer(model, make_roles(), task="srl"), Ledger()
    long = Document.from_words(["rain"] * 400, id="long", spans=(Span(0, 1, "rain"),))
    pieces, _ = writer.teach([long, make_roles()[0]], ledger)
    assert {piece.document for piece in pieces} == {1}
    (line,) = ledger.lines()
    told = f"1 x source of more than {writer.sources.most} tokens: not taught"
    assert line.startswith(told) and line.endswith("long")


@pytest.mark.parametrize("format", ["inline", "sentinel"])
def test_a_long_document_is_taught_in_windows(format: str, model: Path) -> None:
    spans = tuple(Span(at, at + 2, "PER") for at in range(0, 400, 50))
    across = Relation(0, 7, "saw")  # a person of its first words and one of its last
    long = Document.from_words(["rain", "Ann"] * 200, id="long", spans=spans, relations=(Relation(0, 0, "is"), across))
    writer, ledger = make_writer(model, [long], task="joint-er", format=format), Ledger()
    pieces, targets = writer.teach([DOCUMENTS[0], long], ledger)
    places = writer.backbone.most
    whole, part = (places, places) if writer.backbone.is_pair else (places // 2, places // 3)
    assert writer.sources.most == whole
    assert {piece.document for piece in pieces} == {0, 1} and len(pieces) == len(targets) > 4
    assert all(len(piece.ids) <= part for piece in pieces)
    texts = [read(writer, target[:-1]) for target in targets[1:]]
    assert sum(text.count("| person") for text in texts) >= len(spans) and sum("| is =" in text for text in texts) == 1
    assert list(ledger.lines()) == [
        f"1 x source of more than {whole} tokens: taught in windows that overlap: long",
        "1 x span or relation that no window shows whole: not taught: long",
    ]


def test_windows_that_fit_are_cut_with_any_prefix_and_overlap(tmp_path: Path) -> None:
    place = save_writer("llama", tmp_path)
    document = Document.from_words(["Ann", "saw", "Rome", "[sic]", "it_rains", "Oslo"] * 60)
    for overlap in (0, 9, 500):
        writer = make_writer(place, DOCUMENTS, backbone={"overlap": overlap})
        writer.format.prefix = "entities and more"
        cut = writer.sources.cut(document)
        sizes = [len(writer.sources.encode_source(writer.format.ask(each)[0].source)) for each in cut.slices]
        assert max(sizes) <= writer.backbone.most // 3 < max(sizes) + 12 and len(sizes) > 4
        shared = [left.end - right.start for left, right in itertools.pairwise(cut.windows)]
        assert max(shared) == 0 if overlap == 0 else min(shared) > 0
    assert not make_writer(place, DOCUMENTS, backbone={"max_tokens": 8}).sources.cut(document).windows


def test_windows_are_no_longer_than_what_may_be_copied(model: Path) -> None:
    document = Document.from_words(["Ann", "saw", "Rome"] * 100)
    counts = []
    for format in ("inline", "records"):
        writer = make_writer(model, DOCUMENTS, format=format)
        counts.append([max(map(len, writer.sources.cut(document).slices))])
        writer.teach(DOCUMENTS, Ledger())
        sources = writer.sources
        slices = sources.cut(document).slices
        counts[-1].append(max(map(len, slices)))
        if format == "inline":
            targets = [writer.format.write(each)[0].target for each in slices]
            assert max(len(sources.encode(target)) for target in targets) <= sources.longest
    assert counts[0][0] == counts[1][0] == counts[1][1] > counts[0][1]


def test_the_source_of_a_decoder_takes_half_of_its_places(tmp_path: Path) -> None:
    writer = make_writer(save_writer("llama", tmp_path), DOCUMENTS)
    assert writer.sources.most == 80
    writer.teach(DOCUMENTS, Ledger())
    assert writer.sources.room == 2 * writer.sources.longest


def test_each_predicate_is_a_question(model: Path) -> None:
    writer = make_writer(model, make_roles(), task="srl")
    pieces, _ = writer.teach(make_roles()[:1], Ledger())
    assert [piece.part.focus for piece in pieces] == [(0,), (1,)] and {piece.document for piece in pieces} == {0}
    assert writer.given == {"predicates"} and writer.scored == ("roles",)
    assert writer.labels.relations == ("ARG0", "ARG1")


def test_without_a_label_there_is_nothing_to_learn(model: Path) -> None:
    with pytest.raises(ModelError, match="no relations and no spans, which the task 'srl' predicts. Check the task"):
        make_writer(model, DOCUMENTS, task="srl")


def test_places_are_tokens_of_their_own(model: Path) -> None:
    writer = make_writer(model, DOCUMENTS, format="sentinel")
    pieces, _ = writer.teach([DOCUMENTS[0]], Ledger())
    special = writer.backbone.tokenizer.specials if writer.backbone.is_pair else 1
    plain = len(writer.sources.encode(" ".join(DOCUMENTS[0].words)))
    assert len(writer.sources.encode("<12>")) == 1 and len(pieces[0].ids) >= plain + 3 + special
    assert read(writer, pieces[0].ids).startswith("<0> Ann <1> saw <2> Rome")


def test_a_plan_comes_back() -> None:
    inventory = TASKS["ner"].learn(DOCUMENTS, words={"LOC": "place"})
    plan = WriterPlan(inventory, BackboneConfig(), WriterConfig(words={"LOC": "place"}), longest=7)
    again = WriterPlan.from_dict(plan.to_dict(), backbone=plan.backbone, tuning=plan.tuning)
    assert again == plan and again.known.names == ("LOC", "PER")
    with pytest.raises(ValueError, match="no writer with the task knit"):
        WriterPlan.from_dict(plan.to_dict() | {"writer": {"task": "knit"}}, backbone=plan.backbone, tuning=plan.tuning)


def test_labels_of_arguments_are_known_as_those_of_spans() -> None:
    """Triggers and arguments are spans both; what joins them is a relation."""
    spans, edges = (Span(0, 1, "WEA"), Span(1, 2, "Attack")), (Relation(1, 0, "Instrument"),)
    attack = Document.from_words(["bombs", "fell"], spans=spans, relations=edges)
    plan = WriterPlan(TASKS["events"].learn([attack]), BackboneConfig(), WriterConfig(task="events"))
    assert plan.known.names == ("Attack", "WEA") and plan.known.relations == ("Instrument",)
