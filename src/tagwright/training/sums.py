"""SumTrainer: a trainer whose loss is a sum over what is learned, divided once by all that an optimizer step learns.

Knows nothing of labelers: what is trained may be any module.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainerCallback, TrainingArguments

from tagwright.training.callbacks import OrderEpochs, Shuffled
from tagwright.training.checkpoints import CheckpointTrainer


class SumTrainer(CheckpointTrainer):
    """Batches come in an order of their own; a subclass says what of a batch counts."""

    def __init__(
        self,
        model: nn.Module,
        arguments: TrainingArguments,
        *,
        batches: Shuffled,
        callbacks: Sequence[TrainerCallback],
        **data: Any,
    ) -> None:
        self.batches = batches
        super().__init__(model=model, args=arguments, callbacks=[OrderEpochs(batches), *callbacks], **data)
        self.model_accepts_loss_kwargs = True  # the loss is already divided by what all micro-batches learn
        self.remove_callback(PrinterCallback)

    def _count(self, batch: dict[str, Tensor]) -> Tensor:
        """What is learned in one batch."""
        raise NotImplementedError

    def get_train_dataloader(self) -> DataLoader[Any]:
        loader = DataLoader(self.train_dataset, batch_sampler=self.batches, collate_fn=self.data_collator)
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def _get_num_items_in_batch(self, batches: list[dict[str, Tensor]], device: torch.device) -> Tensor:
        """Of all micro-batches of this step, on all devices."""
        counted = torch.stack([self._count(batch) for batch in batches]).sum().to(device)
        return self.accelerator.gather(counted).sum() if self.args.world_size > 1 else counted

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        *,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        counted = torch.as_tensor(num_items_in_batch).clamp(min=1)  # a step that learns nothing must not divide by 0
        loss: Tensor = model(**inputs) * (self.args.world_size / counted)  # several devices average their gradients
        return loss
