"""The labeler's run under test: small, dropout on, a dev score, early stopping, many checkpoints."""

from pathlib import Path

from transformers import set_seed
from victims.traces import STARTED, write_end

from tagwright.backbone.config import BackboneConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HeadConfig
from tagwright.inference.runner import Runner
from tagwright.models.tagger import TaggerPlan, build_tagger
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import make_corpus
from tagwright.training.arguments import make_arguments
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.config import TrainingConfig
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode


def train(folder: Path) -> None:
    """Train, or go on with what a killed process left."""
    set_seed(1)
    train, dev = make_corpus("ner", documents=48, seed=1), make_corpus("ner", documents=12, seed=2)
    plan = TaggerPlan(Labels.from_documents(train), BackboneConfig(), HeadConfig(name="crf", scheme="BIO", dropout=0.3))
    labeler = build_tagger(plan, (word for document in train for word in document.words))
    labeler.backbone.model.config.attention_dropout = 0.2
    config = TrainingConfig(
        num_train_epochs=5,
        tokens_per_batch=256,
        gradient_accumulation_steps=2,
        learning_rate=1e-3,
        early_stopping_patience=3,
        use_cpu=True,
        save_strategy="steps",
        save_steps=2,
        eval_strategy="steps",
        eval_steps=2,
    )
    trainer = LabelerTrainer(
        labeler,
        make_arguments(config, folder, has_dev=True),
        config=config,
        data=TrainingData(
            encode(labeler, train, ledger=Ledger()),
            lambda model: {"f1": evaluate(dev, Runner(model).predict(dev), cases=0).accuracy},  # moves from the start
        ),
    )
    (folder / STARTED).touch()
    trainer.train(find_checkpoint(folder))
    write_end(labeler, trainer.state.log_history, folder)
