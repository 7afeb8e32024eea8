"""Whole runs: trained, scored, saved, resumed, repeated."""

import json
import logging
from pathlib import Path

import pytest

import tagwright
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.models.folder import read_folder
from tagwright.recipe.build import find_scheme, resolve
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe, vary_seed
from tagwright.recipe.running.fitting import fit
from tagwright.recipe.running.folds import cross_validate
from tagwright.recipe.running.outputs import describe, write_outputs
from tagwright.recipe.running.place import check_folder, check_same_run, is_finished
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.synthetic import make_corpus
from tagwright.training.callbacks import StopAfter
from tagwright.training.trainer import LabelerTrainer

QUICK = {
    "backbone.model": "builtin:untrained",
    "training.num_train_epochs": 2,
    "training.learning_rate": 1e-3,
    "backbone.max_tokens": 64,
}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    documents = make_corpus("ner", documents=60, seed=0)
    return Corpus(documents[:40], documents[40:50], documents[50:])


def test_a_run_trains_scores_and_saves(corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outcome = train_labeler(Recipe().change(QUICK), corpus, folder=tmp_path / "run")
    write_outputs(outcome, tmp_path / "run")
    assert "F1 of 10 dev documents chooses the epoch" in caplog.text
    assert outcome.dev is not None and outcome.test is not None and len(outcome.predicted) == 10
    assert [entry for entry in outcome.history if "eval_f1" in entry]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"tagwright.json", "report.html", "report.json", "recipe.toml", "test.predicted.jsonl"} <= names
    assert "checkpoints" not in names
    saved = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert saved["test"]["documents"] == 10
    again = tagwright.load(tmp_path / "run", check=True)
    assert [d.spans for d in again.predict(corpus.test)] == [d.spans for d in outcome.predicted]
    assert Recipe.from_toml(tmp_path / "run" / "recipe.toml") == outcome.recipe
    with pytest.raises(RecipeError, match="--resume"):
        check_folder(tmp_path / "run", Recipe(), resume=False, overwrite=False)
    check_folder(tmp_path / "run", Recipe().change(QUICK), resume=True, overwrite=False)
    with pytest.raises(RecipeError, match="head.name: 'softmax' then, 'crf' now"):
        check_folder(tmp_path / "run", Recipe().change(QUICK | {"head.name": "crf"}), resume=True, overwrite=False)


def test_the_same_seed_gives_the_same_labeler_and_another_does_not(corpus: Corpus) -> None:
    recipe = Recipe().change(QUICK | {"training.num_train_epochs": 1})

    def weights(plan: Recipe) -> list[float]:
        tagger = train_labeler(plan, corpus).labeler.tagger
        return [float(weight.detach().sum()) for weight in tagger.parameters()]

    first = weights(recipe)
    assert weights(recipe) == first
    assert weights(vary_seed(recipe, 1)) != first


def test_a_run_tells_which_layers_it_reads_and_where_its_weights_moved(corpus: Corpus, tmp_path: Path) -> None:
    settings = {"fusion.name": "dwatt", "tuning.name": "fish-dip", "tuning.every": 1, "training.max_steps": 2}
    outcome = train_labeler(Recipe().change(QUICK | settings), corpus, folder=tmp_path)
    write_outputs(outcome, tmp_path)
    origin = read_folder(tmp_path)[1]
    assert origin.layers["layers"] == [0, 1, 2, 3, 4] and "O" in origin.layers["labels"]
    assert origin.choices["steps"] == [0, 1] and origin.choices["layers"] == ["0", "1", "2", "3", "outside"]
    assert origin.recipe["fusion"]["name"] == "dwatt"
    page = (tmp_path / "report.html").read_text()
    assert "dwatt, layers 0 to 4 of 4" in page and "Layers read, by label" in page
    assert "Weights that moved: % of each layer" in page and "Chosen weights, by kind" in page


def test_train_takes_documents_and_paths(corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "train.jsonl"
    tagwright.write(corpus.train, path)
    with caplog.at_level(logging.INFO, logger="tagwright"):
        labeler = tagwright.train(path, list(corpus.dev), out=tmp_path / "run", settings=QUICK)
    assert labeler.origin.data["dev"]["documents"] == 10
    assert "No dev file" not in caplog.text
    assert isinstance(labeler("Ada went to Rome ."), list)


def test_cross_validation_needs_no_dev_and_picks_the_epochs(corpus: Corpus, caplog: pytest.LogCaptureFixture) -> None:
    settings = {"draw.shots": 12, "draw.dev_policy": "cv", "training.num_train_epochs": 3, "fusion.name": "mix"}
    with caplog.at_level(logging.INFO, logger="tagwright"):
        outcome = train_labeler(Recipe().change(QUICK | settings), Corpus(corpus.train))
    assert outcome.dev is None and outcome.labeler.origin.layers["layers"] == [0, 1, 2, 3, 4]  # by train's words
    assert "cross-validated F1" in outcome.labeler.origin.scores and "Cross-validated F1" in describe(outcome)
    assert caplog.text.count("Fold ") == 5 and "chooses the epoch" not in caplog.text
    epochs = int(caplog.text.split(" epochs; training on all")[0].split()[-1])
    assert max(entry["epoch"] for entry in outcome.history) == epochs


def test_folds_of_different_lengths_are_compared_as_far_as_all_go(corpus: Corpus) -> None:
    curves = iter([[0.1, 0.2], [0.1, 0.3, 0.9], [0.2, 0.1], [0.2, 0.2], [0.0, 0.1]])

    def pretend(*_: object, **__: object) -> tuple[None, list[dict[str, float]]]:
        return None, [{"eval_f1": score} for score in next(curves)]

    assert cross_validate(Recipe(), Corpus(corpus.train[:9]), fit=pretend) == (2, pytest.approx(0.18))


def test_one_document_cannot_be_cross_validated(corpus: Corpus) -> None:
    with pytest.raises(RecipeError, match="needs 2 training documents"):
        cross_validate(Recipe(), Corpus(corpus.train[:1]), fit=fit)


def test_the_scheme_follows_the_data() -> None:
    tagged = Document.from_words(["a", "b"], spans=(Span(0, 1, "DET"), Span(1, 2, "NOUN")))
    named = Document.from_words(["a", "b", "c", "d"], spans=(Span(0, 2, "PER"),))
    sparse = Document.from_words(["a", "b", "c", "d"], spans=(Span(0, 1, "PER"),))
    assert [find_scheme([document]) for document in (tagged, named, sparse)] == ["WORD", "BIO", "BIO"]
    fixed = Recipe().change({"head.scheme": "BIOES", "training.learning_rate": 0.5})
    assert resolve(fixed, [tagged]) == fixed


def test_the_rate_follows_the_model_and_the_tuning() -> None:
    for model, rate in (("builtin:untrained", 1e-3), ("builtin:tiny-encoder", 2e-3), ("org/name", 5e-5)):
        assert resolve(Recipe().change({"backbone.model": model}), []).training.learning_rate == rate
    for tuning, rate in (("lora", 2e-4), ("ia3", 1e-3), ("frozen", 2e-3), ("fish-dip:paper", 1e-2)):
        recipe = Recipe().change({"backbone.model": "org/name", "tuning.name": tuning})
        assert resolve(recipe, []).training.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize("name", ["recipe.toml", "README.md", "backbone"])
@pytest.mark.parametrize("resume", [True, False])
def test_a_folder_with_files_of_its_own_is_not_trained_into(tmp_path: Path, *, name: str, resume: bool) -> None:
    (tmp_path / "data.conll").touch()
    check_folder(tmp_path, Recipe(), resume=resume, overwrite=False)
    (tmp_path / name).touch()
    with pytest.raises(RecipeError, match=f"is no run, but holds {name}, which training would replace"):
        check_folder(tmp_path, Recipe(), resume=resume, overwrite=False)
    check_folder(tmp_path, Recipe(), resume=resume, overwrite=True)


def test_nothing_to_resume_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    check_folder(tmp_path / "nowhere", Recipe(), resume=True, overwrite=False)
    assert "nothing to resume" in caplog.text


def test_out_of_memory_says_what_to_do(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(LabelerTrainer, "train", fail)
    with pytest.raises(ModelError, match="tokens_per_batch"):
        train_labeler(Recipe().change(QUICK), corpus)


def test_only_documents_can_be_trained_on() -> None:
    with pytest.raises(DataError, match="Document"):
        tagwright.train([{"text": "Ada"}])  # type: ignore[list-item]


def test_what_the_head_cannot_hold_is_counted_and_told_before_it_learns(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("tagwright"), "propagate", True)  # whatever the command line set before
    nested = Document.from_words(["a", "b", "c"], id="x", spans=(Span(0, 3, "PLACE"), Span(1, 2, "PLACE")))
    unheld = Ledger()
    recipe = Recipe().change(QUICK | {"training.num_train_epochs": 1})
    train_labeler(recipe, Corpus([*corpus.train, nested], corpus.dev), ledger=unheld)
    assert any("overlapping" in line for line in unheld.lines())
    told = next(record for record in caplog.records if "1 x overlapping span" in record.getMessage())
    assert "x 'b' PLACE" in told.getMessage()


def test_what_is_lost_is_told_before_the_first_step_and_not_where_an_error_ends_the_run(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    spans = (Span(0, 1, "PLACE"), Span(1, 2, "PLACE"))
    edge = Document.from_words(["a", "b"], id="x", spans=spans, relations=(Relation(0, 1, "in"),))
    mixed = Corpus([*corpus.train, edge], corpus.dev, [edge])
    wrong = Recipe().change(QUICK | {"view": "writer"})
    with pytest.raises(ModelError, match="is an encoder"):
        train_labeler(wrong, mixed)
    assert not caplog.messages
    monkeypatch.setattr(LabelerTrainer, "training_step", stop)
    with pytest.raises(KeyboardInterrupt):
        train_labeler(Recipe().change(QUICK), mixed)
    seen, size, lost = caplog.messages
    assert seen == "1 x test document also stands in train, word for word: x = x"
    assert "F1 of 10 dev documents chooses the epoch" in size
    assert lost.startswith("Of train (41 documents: ") and "1 relation)" in lost.splitlines()[0]
    assert lost.splitlines()[1:] == [
        f"  1 x relation: tags can't hold one, head 'pairs' can ({part}): x" for part in ("train", "test")
    ]


def test_a_run_is_resumed_only_with_what_it_was_begun_with(corpus: Corpus, tmp_path: Path) -> None:
    recipe = Recipe().change(QUICK)
    stop = StopAfter(1)
    place = tmp_path / "run" / "checkpoints"
    check_same_run(place, resolve(recipe, corpus.train), facts=corpus.facts)
    fit(resolve(recipe, corpus.train), corpus, folder=place, ledger=Ledger(), callbacks=[stop])
    changed = recipe.change({"training.learning_rate": 0.5})
    with pytest.raises(RecipeError, match=r"training.learning_rate: 0.001 then, 0.5 now"):
        train_labeler(changed, corpus, folder=tmp_path / "run", resume=True)
    again = train_labeler(recipe, corpus, folder=tmp_path / "run", resume=True)
    assert again.history
    assert not is_finished(tmp_path / "run")
    write_outputs(again, tmp_path / "run")
    assert is_finished(tmp_path / "run")
