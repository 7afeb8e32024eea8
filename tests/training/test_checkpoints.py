"""Checkpoints of any module, taken up again to the same end."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import PrinterCallback, TrainerCallback

from killed_runs import KillAt, Killed
from tagwright.training.arguments import make_arguments
from tagwright.training.checkpoints import CheckpointTrainer, find_checkpoint
from tagwright.training.config import TrainingConfig

ROWS = [{"x": row} for row in torch.randn(16, 3, generator=torch.Generator().manual_seed(0))]


class Learner(nn.Module):
    """Nothing of a labeler: two layers, dropout, and a loss."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"loss": (self.layers(x).squeeze(-1) - x.sum(-1)).square().mean()}


def make_learner_trainer(folder: Path, *callbacks: TrainerCallback) -> CheckpointTrainer:
    config = TrainingConfig(
        num_train_epochs=3,
        per_device_train_batch_size=4,
        learning_rate=1e-2,
        use_cpu=True,
        save_strategy="steps",
        save_steps=3,
        logging_steps=1,
    )
    arguments = make_arguments(config, folder, has_dev=False)
    trainer = CheckpointTrainer(model=Learner(), args=arguments, train_dataset=ROWS, callbacks=[*callbacks])
    trainer.remove_callback(PrinterCallback)
    return trainer


@pytest.mark.parametrize("step", [4, 8, 11])
def test_any_module_is_resumed_to_the_same_weights(tmp_path: Path, step: int) -> None:
    whole = make_learner_trainer(tmp_path / "whole")
    whole.train()
    with pytest.raises(Killed):
        make_learner_trainer(tmp_path / "killed", KillAt(step)).train()
    checkpoint = find_checkpoint(tmp_path / "killed")
    assert checkpoint is not None and checkpoint.name == f"checkpoint-{step // 3 * 3}"
    resumed = make_learner_trainer(tmp_path / "killed")
    assert resumed.train(checkpoint).global_step == 12
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight), name
        assert not torch.equal(Learner().state_dict()[name], weight), name


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path / "nowhere") is None
    (tmp_path / "staged-3").mkdir()
    assert find_checkpoint(tmp_path) is None
    assert not (tmp_path / "staged-3").exists()
