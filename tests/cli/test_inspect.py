"""tagwright inspect: the lint, the estimate, and the facts of a labeler."""

import json
import shutil
from pathlib import Path

import pytest

from builtin_models import ship_backbones
from cli_run import Run
from tagwright.backbone import builtin
from tagwright.errors import DataError, ModelError, RecipeError
from tiny_models import save_model


def test_a_file_is_described_and_written_as_json(run: Run, conll: Path, here: Path) -> None:
    shown = run("inspect", "gold.conll", "--json", "out.json").stdout
    assert "words in a training document: median 4" in shown
    content = json.loads((here / "out.json").read_text())
    assert content["parts"]["train"]["labels"]["PER"] == {"spans": 2, "documents": 2, "longest": 2}
    assert content["layout"][2].startswith("scheme BIO")
    assert {topic for topic, found in content["findings"].items() if found} == {"labels"}  # they are rare


def test_parts_are_held_against_each_other(run: Run, conll: Path, here: Path) -> None:
    (here / "dev.conll").write_text("Bob\tB-PER\nran\tO\n\nIsis\tB-SHIP\n\n", encoding="utf-8")
    shown = run("inspect", "gold.conll", "--dev", "dev.conll").stdout
    assert "dev document that stands in train too" in shown
    assert "SHIP (1)" in shown


def test_clean_data_is_called_clean(run: Run, here: Path) -> None:
    lines = "".join(f"Ada{n}\tB-PER\nran\tO\n\n" for n in range(5))
    (here / "clean.conll").write_text(lines, encoding="utf-8")
    assert "Nothing looks wrong." in run("inspect", "clean.conll").stdout


def test_numbers_that_stand_for_ids_are_explained_where_one_is_named(run: Run, here: Path) -> None:
    rows = [{"id": f"own-{n}", "text": "Ada ran", "spans": [{"start": 0, "end": 3, "label": "PER"}]} for n in range(2)]
    for name, ids in (("with", True), ("without", False)):
        lines = (json.dumps({key: row[key] for key in row if ids or key != "id"}) for row in rows)
        (here / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert "are numbered" not in run("inspect", "with.jsonl").stdout
    assert "are numbered: without:7 is the seventh of without.jsonl" in run("inspect", "without.jsonl").stdout
    dev = run("inspect", "with.jsonl", "--dev", "without.jsonl").stdout
    assert "are numbered: without:7 is the seventh" in dev


def test_a_model_is_weighed_before_anything_is_trained(run: Run, conll: Path, here: Path) -> None:
    save_model("bert", here / "bert")
    arguments = ("--set", "training.num_train_epochs=2", "--json", "out.json")
    shown = run("inspect", "gold.conll", "--model", "bert", *arguments).stdout
    assert "tokens in a window" in shown
    assert "memory: about" in shown
    estimate = json.loads((here / "out.json").read_text())["estimate"]
    assert (estimate["fits"], estimate["steps"]) == (True, 2)


def test_a_recipe_is_looked_at(run: Run, conll: Path, here: Path) -> None:
    run("init", "gold.conll", "--model", "builtin:untrained")
    shown = run("inspect", "recipe.toml", "--epochs", 3, "--json", "out.json").stdout
    assert "scheme BIO" in shown and "trains 5 times more" in shown
    estimate = json.loads((here / "out.json").read_text())["estimate"]
    assert (estimate["steps"], estimate["trainings"]) == (3, 5)
    (here / "none.toml").write_text('out = "a"\n', encoding="utf-8")
    with pytest.raises(RecipeError, match="none.toml names no training data"):
        run("inspect", "none.toml")
    changes = ("--set", "data.documents=40", "--set", "backbone.model=builtin:untrained")
    assert "synthetic:ner: the built-in corpus" in run("inspect", "synthetic:ner", *changes).stdout


def test_settings_count_as_in_training(run: Run, here: Path) -> None:
    lines = "".join(f"Ada{n}\tO\tB-PER\nran\tO\tO\n\n" for n in range(40))
    (here / "a.conll").write_text(lines, encoding="utf-8")
    assert "tags in column 1" in run("inspect", "a.conll", "--set", "data.tag_column=1").stdout
    model = ("--model", "builtin:untrained", "--set", "training.per_device_train_batch_size=4", "--epochs", 1)
    for shots, steps in (((), 9), (("--shots", 8), 2)):  # a tenth is dev
        run("inspect", "a.conll", *model, *shots, "--json", "out.json", "--overwrite")
        assert json.loads((here / "out.json").read_text())["estimate"]["steps"] == steps
    with pytest.raises(RecipeError, match="draw.shots only counts where training is estimated. Say with --model"):
        run("inspect", "a.conll", "--shots", 8)


def test_a_model_out_of_reach_is_said_after_the_lint(run: Run, conll: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="neither a local folder nor in the local cache"):
        run("inspect", "gold.conll", "--model", "org/name")


def test_a_labeler_tells_what_it_is(run: Run, labeler: Path) -> None:
    shown = run("inspect", "labeler", "--check", "--json", "out.json").stdout
    for fact in ("a tagger with 10 labels", "head: name softmax", "dev F1", "train.jsonl", "It predicts what it did"):
        assert fact in shown
    assert json.loads(Path("out.json").read_text())["checked"] is True
    assert "░ only those to its left" in shown


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({"name": "softmax"}, "head: name softmax, scheme BIO, dropout 0.10, class_weights none, focal 0.00\n"),
        ({"name": "crf"}, "head: name crf, scheme BIO, dropout 0.10\n"),
        ({"name": "pairs", "scheme": "auto"}, "head: name pairs, dropout 0.10, given nothing, longest 16, beam 1.00\n"),
    ],
)
def test_only_what_the_head_reads_is_told(run: Run, labeler: Path, head: dict[str, str], line: str) -> None:
    about = json.loads((labeler / "tagwright.json").read_text())
    about["head"] |= head
    (labeler / "tagwright.json").write_text(json.dumps(about))
    assert line in run("inspect", "labeler").stdout


def test_a_writer_is_told_with_its_relations_and_without_what_only_taggers_read(run: Run, here: Path) -> None:
    (here / "er").mkdir()
    about = {"format": 1, "view": "writer", "labels": ["PER"], "relations": ["works_for", "lives_in"], "weights": "ab"}
    parts = {"backbone": {"model": "m", "read_at": "mean", "repeat": 0}, "writer": {"task": "joint-er", "mix": 0.5}}
    (here / "er" / "tagwright.json").write_text(json.dumps(about | parts))
    shown = run("inspect", "er").stdout.splitlines()
    assert shown[:3] == [
        "er: a writer with 1 label and 2 relations",
        "  labels: PER",
        "  relations: works_for, lives_in",
    ]
    assert shown[3:] == ["  writer: task joint-er", "  backbone: model m"]


def test_the_layers_that_a_labeler_reads_are_drawn_by_label(run: Run, labeler: Path) -> None:
    about = json.loads((labeler / "tagwright.json").read_text())
    about["fusion"] = {"name": "dwatt", "rank": 8}
    rows = {"O": [0.2, 0.8], "PER": [0.6, 0.4]}
    for labels, expected in (
        (rows, ["O   ▂▂▂ ███  most: 3 (80%)", "PER ▆▆▆ ▄▄▄  most: 0 (60%)"]),
        ({"O": [0.2, 0.8], "PER": [0.2, 0.8]}, ["every word ▂▂▂ ███  most: 3 (80%)"]),
    ):
        about["layers"] = {"layers": [0, 3], "labels": labels, "words": {"O": 2, "PER": 1}}
        (labeler / "tagwright.json").write_text(json.dumps(about))
        shown = run("inspect", "labeler").stdout
        assert all(line in shown for line in expected) and "fusion: name dwatt, gamma 0.50, d_pos 24, rank 8" in shown


def test_where_chosen_weights_lie_is_drawn(run: Run, labeler: Path) -> None:
    about = json.loads((labeler / "tagwright.json").read_text())
    about["choices"] = {
        "choices": 2,
        "steps": [0, 5000],
        "layers": ["0", "outside"],
        "ever": {"mlp": [0.03, None], "embed": [None, 0.015]},
        "by_layer": {"0": [1.0, 0.5], "outside": [0.0, 0.5]},
        "by_kind": {"mlp": [1.0, 0.5], "embed": [0.0, 0.5]},
    }
    (labeler / "tagwright.json").write_text(json.dumps(about))
    shown = run("inspect", "labeler").stdout
    assert (
        "mlp   ███████" in shown
        and "most: 0 (3.0%)" in shown
        and "embed         ▄▄▄▄▄▄▄  most: outside (1.5%)" in shown
    )
    assert "      0 5000\n" in shown and "0       ████ ▄▄▄▄  most: 0 (100%)" in shown


def test_a_labeler_that_changed_is_found_out(run: Run, labeler: Path) -> None:
    fixture = labeler / "fixture.json"
    rows = json.loads(fixture.read_text())
    rows[0]["spans"] = [[0, 1, "PERSON", 0.123]]
    fixture.write_text(json.dumps(rows))
    assert "It predicts" not in run("inspect", "labeler").stdout
    with pytest.raises(ModelError, match="does not predict what it did"):
        run("inspect", "labeler", "--check")


def test_an_empty_file_is_refused(run: Run, here: Path) -> None:
    (here / "empty.jsonl").touch()
    with pytest.raises(DataError, match="empty"):
        run("inspect", "empty.jsonl")


def test_built_in_models_are_named(
    run: Run, conll: Path, labeler: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_backbones(here / "shipped", monkeypatch)
    shutil.copytree(labeler, builtin.ROOT / "tiny-ner")
    shown = run("inspect", "builtin:tiny-ner", "--check").stdout
    assert "builtin:tiny-ner: a tagger with 10 labels" in shown and "It predicts what it did" in shown
    assert "memory: about" in run("inspect", "gold.conll", "--model", "builtin:tiny-decoder").stdout
    with pytest.raises(ModelError, match="builtin:tiny-ner is a labeler, not a backbone"):
        run("inspect", "gold.conll", "--model", "builtin:tiny-ner")
    with pytest.raises(ModelError, match="is a backbone, not a labeler.*`tagwright doctor builtin:tiny-decoder` runs"):
        run("inspect", "builtin:tiny-decoder")


def test_the_helps_name_every_built_in_model(run: Run) -> None:
    for verb, names in {
        "init": builtin.BACKBONES,
        "train": builtin.BACKBONES,
        "predict": builtin.LABELERS,
        "inspect": builtin.LABELERS,
    }.items():
        shown = "".join(run(verb, "--help").stdout.split())  # a line may end at any hyphen
        assert all(name.removeprefix(builtin.PREFIX) in shown for name in names), verb
