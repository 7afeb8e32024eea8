"""Several tasks on the command line: a file for each, and one chosen by its name."""

import json
from pathlib import Path

import pytest

from cli_run import Run
from tagwright.cli.terminal.files import read_sources
from tagwright.errors import ModelError, RecipeError
from tagwright.io.files import write
from taught_writers import make_entities, make_roles, save_writer


def test_one_file_or_one_for_each_task(here: Path) -> None:
    assert read_sources("train", None) is None and read_sources("train", ["a.conll"]) == "a.conll"
    assert read_sources("train", ["ner=a.conll", "srl=b=c.jsonl"]) == {"ner": "a.conll", "srl": "b=c.jsonl"}
    (here / "x=y.conll").touch()
    assert read_sources("dev", ["x=y.conll"]) == "x=y.conll"
    with pytest.raises(RecipeError, match="--dev b.conll doesn't say which task it is for"):
        read_sources("dev", ["ner=a.conll", "b.conll"])
    with pytest.raises(RecipeError, match="--dev names two files for the task 'ner'"):
        read_sources("dev", ["ner=a.conll", "ner=b.conll"])


def test_one_writer_is_trained_for_several_tasks_and_asked_for_one(run: Run, here: Path) -> None:
    write(make_entities(), here / "names.jsonl")
    write(make_roles(), here / "roles.jsonl")
    model = save_writer("llama", here / "model")
    quick = ["training.max_steps=2", "training.use_cpu=true", "writer.max_target_tokens=24", "data.dev_share=0.3"]
    sets = [part for each in quick for part in ("--set", each)]
    files = ["--train", "ner=names.jsonl", "--train", "srl=roles.jsonl", "--test", "srl=roles.jsonl"]
    told = run("train", "--view", "writer", *files, "--model", model, "--out", "both", *sets).output
    assert "srl test" in told and "ner dev" in told and "srl dev" in told
    assert 'train = {ner = "names.jsonl", srl = "roles.jsonl"}' in (here / "both" / "recipe.toml").read_text()
    run("predict", "both", "roles.jsonl", "--task", "srl", "-o", "said.jsonl")
    run("predict", "both", "names.jsonl", "-o", "all.jsonl")
    assert len((here / "said.jsonl").read_text().splitlines()) == 4
    told = run("evaluate", "roles.jsonl", "--model", "both", "--task", "srl", "--json", "scores.json").output
    assert "roles (micro)" in told and "exact (micro)" not in told, "it was given the predicates"
    run("predict", "both", "names.jsonl", "--task", "ner", "--unconstrained", "-o", "free.jsonl")
    run("evaluate", "names.jsonl", "--model", "both", "--task", "ner", "--unconstrained")
    assert json.loads((here / "scores.json").read_text())["documents"] == 4
    assert "names.jsonl is the file that this labeler was trained on" in run("predict", "both", "names.jsonl").stderr
    shown = run("inspect", "both").stdout
    assert (
        "a writer of several tasks with 2 labels and 2 relations" in shown
        and "relations: ARG0, ARG1" in shown
        and "mix 0.50" in shown
    )
    assert "tokens of an answer, at most: ner 24, srl 24 (writer.max_target_tokens)" in shown
    told = run("inspect", "both/recipe.toml", "--json", "data.json")
    assert "names.jsonl" in told.stdout and "roles.jsonl" in told.stdout and "of one task" not in told.stdout
    assert "Memory and time aren't told for several tasks" in told.stderr
    found = json.loads((here / "data.json").read_text())["tasks"]
    assert {task: content["parts"]["train"]["documents"] for task, content in found.items()} == {"ner": 8, "srl": 4}
    with pytest.raises(RecipeError, match="both is for the tasks ner, srl. Say which one is scored: --task ner"):
        run("evaluate", "roles.jsonl", "--model", "both")
    with pytest.raises(ModelError, match="no task 'srk'. Did you mean 'srl'"):
        run("predict", "both", "roles.jsonl", "--task", "srk")


def test_a_tagger_has_no_tasks(run: Run, labeler: Path) -> None:
    with pytest.raises(RecipeError, match="--beams is for labelers that write, and labeler is a tagger"):
        run("predict", "labeler", "--beams", "3", "--text", "Ada ran.")
    with pytest.raises(RecipeError, match="--unconstrained is for labelers that write"):
        run("predict", "labeler", "--unconstrained", "--text", "Ada ran.")
    with pytest.raises(ModelError, match="no task 'ner'. It is a tagger, which has no tasks to choose"):
        run("predict", "labeler", "--task", "ner", "--text", "Ada ran.")
