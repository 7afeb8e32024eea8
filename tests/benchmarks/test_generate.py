"""The benchmark of writing on tiny models with random weights: what its sides write, and how it counts and judges."""

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import generate as benchmark
import generate_sides as sides
import pytest
import torch

import tagwright
from tagwright.io.files import write
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from taught_writers import learn, make_entities, make_writer, save_writer

KINDS = ("t5", "llama")
DOCUMENTS = make_entities()[:5]


@cache
def make_scene(kind: str) -> sides.Scene:
    """A writer that has begun to learn, so that some of what is proposed is right."""
    with TemporaryDirectory() as folder:
        writer = make_writer(save_writer(kind, Path(folder)), DOCUMENTS, max_target_tokens=12)
    learn(writer, DOCUMENTS, steps=30)
    return sides.Scene.open(writer, DOCUMENTS)


@cache
def run_sides(kind: str) -> dict[str, sides.Side]:
    """All sides with their outputs, counted."""
    scene = make_scene(kind)
    with patch.object(sides, "LOOKUPS", (5,)):
        found = sides.list_sides(scene, iter(range(100)).__next__)
    for side in found:
        with sides.count_passes(scene, side):
            side.outputs = side.run()
    return {side.name: side for side in found}


# --- the sides -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_sides_that_must_write_the_same_do(kind: str) -> None:
    written = {name: side.outputs for name, side in run_sides(kind).items()}
    assert written["ours"] == written["ours, 1"] == written["plain"]
    assert written["free"] == written["free, 1"] == written["greedy"] == written["lookup"]
    assert len(set(written["ours"])) > 1 and any(written["free"])


@pytest.mark.parametrize("kind", KINDS)
def test_proposals_and_passes_are_counted(kind: str) -> None:
    scene, found = make_scene(kind), run_sides(kind)
    passes = {name: side.facts["rows"] for name, side in found.items()}
    prompts = 0 if kind == "t5" else len(scene.documents)  # a decoder reads each prompt in a pass of its own
    chosen = sum(len(ids) + (len(ids) < scene.most) for ids in found["plain"].outputs)
    assert (found["plain"].facts["proposed"], found["plain"].facts["kept"]) == (0, 0)
    assert passes["plain"] == chosen + prompts
    ours = found["ours"].facts
    assert 0 < ours["kept"] <= ours["proposed"]
    assert passes["ours"] == passes["ours, 1"] == chosen - ours["kept"] + prompts
    longest = max(len(ids) + (len(ids) < scene.most) for ids in found["greedy"].outputs)
    assert passes["greedy"] == longest * len(scene.documents), "rows that are done stay until the last one is"


def test_the_quickest_number_of_proposals_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, asked, now = {5: 3, 10: 1, 20: 2}, list[int](), [0]

    def take(_: sides.Scene, *, prompt_lookup_num_tokens: int, **how: int) -> None:
        asked.append(prompt_lookup_num_tokens)
        now[0] += seconds[prompt_lookup_num_tokens] + 9 * (len(asked) == 1)

    monkeypatch.setattr(sides, "generate_theirs", take)
    assert sides.find_lookup(make_scene("t5"), lambda: now[0]) == 10
    assert asked == [5, 5, 10, 20], "the first one warms up"


def test_outputs_are_read_and_scored() -> None:
    scene = make_scene("t5")
    writer = scene.writer
    encode = writer.sources.lexicon.encode
    gold = [tuple(encode(pair.target)) for each in scene.documents for pair in writer.format.write(each)]
    assert scene.score(gold) == 100
    assert scene.score([gold[0], *[()] * (len(gold) - 1)]) < 100


def test_documents_that_do_not_fit_are_left_out_and_counted() -> None:
    longer = Document.from_words(["Rome"] * 90)
    scene = sides.Scene.open(make_scene("llama").writer, [DOCUMENTS[1], longer, *DOCUMENTS[2:]])
    assert (len(scene.documents), scene.left_out) == (4, 1) and longer not in scene.documents
    lengths = [len(question.ids) for question in scene.questions]
    assert lengths == sorted(lengths, reverse=True)


# --- what it says ----------------------------------------------------------------------------------------------------


def make_side(name: str, *seconds: float) -> sides.Side:
    return sides.Side(name, 1, list, list(seconds))


def test_ratios_are_medians_over_rounds() -> None:
    given = {"ours": (1, 1, 2), "ours, 1": (2, 2, 2), "greedy": (6, 5, 20), "plain": (2, 3, 2), "lookup": (4, 2, 1)}
    found = benchmark.find_ratios({name: make_side(name, *seconds) for name, seconds in given.items()})
    assert found == {"greedy": 6, "plain": 2, "lookup": 1}


def test_each_aim_is_judged() -> None:
    found = {
        "documents": 3,
        "differing": {"ours / plain": [], "ours, 1 / plain": ["a"]},
        "ratios": {"greedy": 5.0, "lookup": 1.4},
        "sides": [{"name": "ours", "f1": 40.0}, {"name": "free", "f1": 41.0}],
    }
    assert [is_met for _, _, is_met in benchmark.judge(found)] == [True, False, True, False, False]
    assert benchmark.judge(found)[1][1] == "1 of 3 differ"


def test_from_nothing_to_a_report_and_the_writer_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, parts = save_writer("t5", tmp_path / "model"), {"train": DOCUMENTS, "dev": DOCUMENTS, "test": DOCUMENTS[:1]}
    monkeypatch.setattr(benchmark, "read_parts", lambda _: parts)
    told = ["generate.py", "--models", str(model), "--out", str(tmp_path), "--rounds", "1", "--epochs", "1"]
    monkeypatch.setattr(sys, "argv", told)
    monkeypatch.setattr(sides, "LOOKUPS", (5,))
    threads = torch.get_num_threads()
    try:
        assert benchmark.main() == 0
    finally:
        torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    assert "1 of 1 writers are to be trained: 5 documents" in printed and "can't propose the source" in printed
    (found,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["models"]
    assert found["differing"]["ours / plain"] == [] and found["documents"] == 1
    assert {row["name"]: len(row["seconds"]) for row in found["sides"]} == dict.fromkeys(benchmark.WRITTEN, 1)

    monkeypatch.setattr(tagwright, "train", lambda *_, **__: pytest.fail("it was trained before"))
    options = benchmark.read_options()
    assert benchmark.get_writer(str(model), parts, options) == benchmark.find_folder(str(model), options)
    assert "0 of 1 writers are to be trained" in benchmark.tell_plan(options, parts)


def test_parts_share_no_document_and_are_cut(tmp_path: Path) -> None:
    told = {"corpus": benchmark.SYNTHETIC, "train_documents": 12, "documents": 5, "data": tmp_path}
    parts = benchmark.read_parts(argparse.Namespace(**told))
    assert {part: len(documents) for part, documents in parts.items()} == {"train": 12, "dev": 2, "test": 5}
    assert len({document.id for documents in parts.values() for document in documents}) == 19
    for part, documents in parts.items():
        (tmp_path / "corpus").mkdir(exist_ok=True)
        write(documents, tmp_path / "corpus" / f"{part}.jsonl", ledger=Ledger())
    few = benchmark.read_parts(argparse.Namespace(**(told | {"corpus": "corpus", "documents": 3})))
    assert {part: len(documents) for part, documents in few.items()} == {"train": 12, "dev": 2, "test": 3}
    with pytest.raises(SystemExit, match="give --data"):
        benchmark.read_parts(argparse.Namespace(**(told | {"corpus": "absent"})))


def test_a_writer_of_other_settings_lies_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "digest", lambda model: f"weights of {model}")
    options = {"out": tmp_path, "corpus": "wnut17", "data": tmp_path, "train_documents": 9}
    options |= {"epochs": 2, "rate": None, "format": "inline"}
    changes = [{}, {"epochs": 3}, {"corpus": "conll04"}, {"format": "records"}, {"rate": 1e-3}, {"train_documents": 8}]
    changes.append({"data": tmp_path / "other"})
    folders = {benchmark.find_folder("m", argparse.Namespace(**(options | change))) for change in changes}
    assert len(folders) == len(changes)
