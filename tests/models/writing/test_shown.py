"""Writers that learn nothing: what they are shown before a question, what they write, and how they are saved."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tokenizers.normalizers import Replace

import tagwright
from tagwright.backbone.untrained import learn_tokenizer
from tagwright.errors import ModelError
from tagwright.formats.grammar.lexicon import find_break
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import Runner, RunnerConfig
from tagwright.models.writing.sources import ANSWER
from tagwright.models.writing.writer import Writer
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.outputs import write_outputs
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from taught_writers import list_words, make_entities, make_roles, make_writer, save_writer

DOCUMENTS = make_entities()
ASKED = Document.from_words(["Bob", "saw", "old", "Rome"], id="asked")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer("llama", tmp_path_factory.mktemp("llama"), max_position_embeddings=400, initializer_range=0.2)


def show(model: Path, documents: list[Document] = DOCUMENTS, **settings: Any) -> Writer:
    """A writer that has seen documents and learned nothing."""
    usual = {"max_target_tokens": 30, "demonstrations": 3}
    writer = make_writer(model, documents, tuning="frozen", **(usual | settings))
    writer.teach(documents, Ledger())
    return writer


def read_prompts(writer: Writer, document: Document, ledger: Ledger) -> list[list[str]]:
    """The lines of what the model is given for each question about a document."""
    prompts = []
    for source, part in writer.format.ask(document):
        ids = writer.sources.show(writer.sources.encode_source(source), source, part=part, ledger=ledger).tolist()
        tokenizer = writer.backbone.tokenizer.tokenizer
        assert ids[0] == tokenizer.bos_token_id and tokenizer.bos_token_id not in ids[1:]
        prompts.append([line.strip() for line in tokenizer.decode(ids, skip_special_tokens=True).splitlines()])
    return prompts


def test_the_likest_documents_stand_before_a_question(model: Path) -> None:
    writer, ledger = show(model), Ledger()
    (lines,) = read_prompts(writer, ASKED, ledger)
    assert lines == [
        f"Rome saw Ann {ANSWER} [ Rome | location ] saw [ Ann | person ]",
        f"Ann saw Rome {ANSWER} [ Ann | person ] saw [ Rome | location ]",
        f"old Bob Lee slept {ANSWER} old [ Bob Lee | person ] slept",
        f"Bob saw old Rome {ANSWER}",
    ]
    assert not ledger


def test_what_does_not_fit_is_counted(model: Path) -> None:
    writer, ledger = show(model, demonstrations=8, max_target_tokens=250), Ledger()
    (lines,) = read_prompts(writer, ASKED, ledger)
    assert 1 < len(lines) < 9 and len(lines) - 1 + ledger.total == 8
    assert lines[-1] == f"Bob saw old Rome {ANSWER}"
    (line,) = ledger.lines()
    assert "demonstration that didn't fit into 400 tokens (" in line and "an answer of up to 250: not shown" in line
    before = Ledger()
    writer.note_unheld([ASKED], before)
    assert before.total == ledger.total and ", of 8 (8 for each question at most)" in next(before.lines())
    runner = Runner(writer)
    runner.predict([ASKED])
    assert line in runner.ledger.lines()


def test_the_end_of_a_line_ends_an_answer(model: Path) -> None:
    writer = show(model)
    tokenizer = writer.backbone.tokenizer.tokenizer
    assert tokenizer.decode([writer.sources.lexicon.end]) == "\n" and writer.sources.lexicon.end != writer.backbone.end
    assert find_break(tokenizer, instead=7) == writer.sources.lexicon.end
    plain = learn_tokenizer(list_words(), size=320)
    plain.backend_tokenizer.normalizer = Replace("\n", " ")
    assert find_break(plain, instead=7) == 7  # a vocabulary in which lines have no end


def test_outputs_are_well_formed_and_hang_on_what_was_shown(model: Path) -> None:
    runner = Runner(show(model))
    found = runner.predict([*DOCUMENTS, ASKED])
    assert runner.faults.outputs == 9 and set(runner.faults.having) <= {"cut off", "lost tail", "repeated"}
    other = Runner(show(model, DOCUMENTS[:2])).predict([*DOCUMENTS, ASKED])
    scores = [[span.score for document in each for span in document.spans] for each in (found, other)]
    assert scores[0] and scores[0] != scores[1]
    small = Runner(show(model), config=RunnerConfig(tokens_per_batch=16)).predict([*DOCUMENTS, ASKED])
    assert [document.spans for document in small] == [document.spans for document in found]


def test_each_question_is_shown_its_own_kind(model: Path) -> None:
    writer = show(model, make_roles(), task="srl", demonstrations=1, max_target_tokens=60)
    first, second = read_prompts(writer, make_roles()[0].only(("predicates",)), Ledger())
    bought, sold = f"Ann [ bought ] and sold it {ANSWER}", f"Ann bought and [ sold ] it {ANSWER}"
    assert first == [f"{bought} [ Ann | first argument ] bought and sold it", bought]
    assert second == [f"{sold} [ Ann | first argument ] bought and sold [ it | second argument ]", sold]


def test_a_run_trains_nothing_and_gives_an_ordinary_labeler(model: Path, tmp_path: Path) -> None:
    settings = {"view": "writer", "backbone.model": str(model), "writer.max_target_tokens": 40, "tuning.name": "frozen"}
    outcome = train_labeler(Recipe().change(settings), Corpus(DOCUMENTS, DOCUMENTS[:3], [ASKED]), folder=tmp_path)
    assert not outcome.history and outcome.dev is not None
    write_outputs(outcome, tmp_path)
    about = json.loads((tmp_path / "tagwright.json").read_text(encoding="utf-8"))
    assert about["moved"]["weights"] == 0 and not load_file(tmp_path / "model.safetensors")
    assert about["base"]["model"] == str(model) and len(about["shown"]) == 8
    assert "8 of 8 training pairs" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "shown some of 8 training pairs" in (tmp_path / "README.md").read_text(encoding="utf-8")
    again = tagwright.load(tmp_path, check=True)
    assert again.model.plan == outcome.labeler.model.plan
    assert again.predict([ASKED]) == list(outcome.predicted) == outcome.labeler.predict([ASKED])
    gold = Document.from_words(ASKED.words, spans=(Span(0, 1, "PER"),))
    assert "exact" in tagwright.evaluate([gold], again.predict([gold])).groups


def test_a_merged_one_needs_no_base_and_is_shown_the_same(model: Path, tmp_path: Path) -> None:
    labeler = Predictor(show(model, max_target_tokens=60))
    found = labeler.predict([ASKED])
    labeler.model.merge()
    labeler.save_pretrained(tmp_path, fixture=[ASKED])
    about = json.loads((tmp_path / "tagwright.json").read_text(encoding="utf-8"))
    assert about["base"] is None and len(about["shown"]) == 8
    assert tagwright.load(tmp_path, check=True).predict([ASKED]) == found


def test_an_encoder_decoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'frozen' learns nothing .* is an encoder-decoder. Take a decoder"):
        show(save_writer("t5", tmp_path))
