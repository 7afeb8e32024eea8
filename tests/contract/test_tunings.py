"""Every tuning, with every head, fusion and sight by pairs: eight documents are learned by heart, saved and read again.

The heads and fusions here are those that differ in kind; the others have their own contracts.
"""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from by_heart import make_documents, predict
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HeadConfig
from tagwright.inference.predictor import Predictor, load
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.training.arguments import make_arguments
from tagwright.training.config import TrainingConfig
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_models import load_model, save_model

ON_DEVICES = {"qlora"}
HERE = [name for name in TUNINGS if name not in ON_DEVICES]
MIXED, HEADED, SIGHTS = ("last", "mix", "dwatt"), ("softmax", "crf"), (None, "all", "01")
RATES = {"full": 5e-3, "lora": 2e-2, "dora": 2e-2, "shira": 2e-2}  # those that must learn all by heart
OTHERS = 5e-2  # few weights move: their loss falls to a tenth at least
SETTINGS: dict[str, dict[str, Any]] = {"fish": {"percent": 10.0}, "fish-dip": {"percent": 10.0, "every": 10}}
DOCUMENTS = make_documents()

# for every tuning each fusion once, and head and sight turn with both: so all pairs of values of any two are there
PAIRS = [
    (tuning, fusion, HEADED[(one + two) % 2], SIGHTS[(one + two) % 3])
    for (one, tuning), (two, fusion) in product(enumerate(HERE), enumerate(MIXED))
]
PRODUCT = [cell for cell in product(HERE, FUSIONS, HEADED, SIGHTS) if cell not in PAIRS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with biases, so that there is something for bitfit."""
    return save_model("llama", tmp_path_factory.mktemp("base"), hidden_size=32, attention_bias=True, mlp_bias=True)


def make_tagger(folder: Path, tuning: str, fusion: str, *, head: str, sight: str | None) -> Tagger:
    backbone = load_model(folder, sight=None if tuning == "prefix" else sight)
    torch.manual_seed(0)
    chosen = FusionConfig(name=fusion, **({"layer": 1} if fusion == "layer" else {}))
    config = TuningConfig(name=tuning, **SETTINGS.get(tuning, {}))
    words = HeadConfig(name=head, dropout=0, scheme="BIO")
    return attach_head(TaggerPlan(Labels(("LOC", "PER")), backbone.config, words, chosen, config), backbone)


def find_loss(tagger: Tagger) -> float:
    pieces = tagger.eval().cut(DOCUMENTS, Ledger())
    with torch.no_grad():
        return float(tagger.loss(tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, DOCUMENTS))))


def teach(tagger: Tagger, place: Path, *, rate: float, steps: int = 40) -> None:
    """As a run does it, all documents in every batch."""
    plain: dict[str, Any] = {"lr_scheduler_type": "constant", "warmup_steps": 0, "weight_decay": 0, "use_cpu": True}
    kept: dict[str, Any] = {"save_strategy": "no", "eval_strategy": "no"}
    config = TrainingConfig(learning_rate=rate, max_steps=steps, per_device_train_batch_size=8, **plain, **kept)
    data = TrainingData(encode(tagger, DOCUMENTS, ledger=Ledger()))
    LabelerTrainer(tagger, make_arguments(config, place, has_dev=False), config=config, data=data).train()


def check(folder: Path, place: Path, cell: tuple[str, str, str, str | None]) -> None:
    tuning, fusion, head, sight = cell
    tagger = make_tagger(folder, tuning, fusion, head=head, sight=sight)
    first = find_loss(tagger)
    teach(tagger, place / "run", rate=RATES.get(tuning, OTHERS))
    last, found = find_loss(tagger), predict(tagger, DOCUMENTS)
    score = evaluate(DOCUMENTS, found).score("exact.f1")
    assert score == 1 or (tuning not in RATES and last < first / 10), f"loss {first} -> {last}, F1 {score}"
    Predictor(tagger).save_pretrained(place / "saved")
    again = load(place / "saved")
    assert [document.spans for document in predict(again.tagger, DOCUMENTS)] == [document.spans for document in found]
    assert again.tagger.backbone.find_sight() == tagger.backbone.find_sight()


@pytest.mark.parametrize("cell", PAIRS, ids=lambda cell: "-".join(map(str, cell)))
def test_every_pair_learns_by_heart(folder: Path, tmp_path: Path, cell: tuple[str, str, str, str | None]) -> None:
    check(folder, tmp_path, cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", PRODUCT, ids=lambda cell: "-".join(map(str, cell)))
def test_everything_learns_by_heart(folder: Path, tmp_path: Path, cell: tuple[str, str, str, str | None]) -> None:
    check(folder, tmp_path, cell)


def test_the_pairs_are_all_there() -> None:
    values = (HERE, MIXED, HEADED, SIGHTS)
    for one, two in product(range(4), range(4)):
        if one < two:
            assert {(cell[one], cell[two]) for cell in PAIRS} == set(product(values[one], values[two]))
