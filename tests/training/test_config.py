import pytest
from pydantic import ValidationError

from tagwright.training.config import MENDED, TrainingConfig


def test_tokens_and_documents_together_are_refused() -> None:
    with pytest.raises(ValidationError, match="both say how large a batch is. Keep one"):
        TrainingConfig(tokens_per_batch=4096, per_device_train_batch_size=16)


@pytest.mark.parametrize(
    ("settings", "documents"), [({}, 16), ({"per_device_train_batch_size": 4}, 4), ({"tokens_per_batch": 4096}, None)]
)
def test_a_batch_is_documents_unless_tokens_are_given(settings: dict[str, int], documents: int | None) -> None:
    assert TrainingConfig(**settings).documents_per_batch == documents


@pytest.mark.parametrize(("name", "hint"), MENDED.items())
def test_names_of_other_versions_and_tools_are_answered_with_what_to_write(name: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingConfig(**{name: 1})
    assert f"`{name}` is not a setting here. {hint}" in str(caught.value)


def test_all_wrong_names_are_told_together() -> None:
    with pytest.raises(ValidationError, match="(?s)Use num_train_epochs.*") as caught:
        TrainingConfig(epochs=3, lr=1e-3)
    assert "Use learning_rate" in str(caught.value)


def test_loader_workers_are_refused() -> None:
    with pytest.raises(ValidationError, match="documents are encoded once"):
        TrainingConfig(dataloader_num_workers=2)


def test_names_of_training_arguments_pass() -> None:
    assert TrainingConfig(adam_beta2=0.98, eval_steps=10).model_extra == {"adam_beta2": 0.98, "eval_steps": 10}
