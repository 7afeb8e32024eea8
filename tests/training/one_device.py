"""One process of a tiny run on several devices, started by torchrun in test_devices.py; leaves what it saw and learnt.

    one_device.py FOLDER STEP    dies at that step; 0 is never
Alone it takes two micro-batches a step, so that one process and two see the same documents at each step.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from killed_runs import DieAt
from tagwright.models.folder import write_weights
from tagwright.training.checkpoints import find_checkpoint
from tiny_labelers import make_documents, make_tagger, make_trainer


def main(folder: Path, step: int) -> None:
    devices, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    tagger = make_tagger()
    trainer = make_trainer(
        tagger,
        make_documents(24),  # six batches of four
        folder / "checkpoints",
        score=lambda labeler: {"f1": 0.5 + rank},  # devices that disagree
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2 // devices,
        num_train_epochs=3,
        optim="sgd",
        save_strategy="steps",
        save_steps=2,
        eval_strategy="steps",
        eval_steps=2,
        early_stopping_patience=None,
    )
    seen: list[list[int]] = []
    collate = trainer.data_collator

    def watch(rows: Sequence[Any]) -> Any:
        seen.append(sorted(piece.document for piece, _ in rows))
        return collate(rows)

    trainer.data_collator = watch
    trainer.add_callback(DieAt(step))
    trainer.train(find_checkpoint(folder / "checkpoints"))
    write_weights(tagger, folder / f"weights-{rank}.safetensors")
    facts = {"seen": seen, "best": trainer.state.best_metric, "step": trainer.state.best_global_step}
    (folder / f"facts-{rank}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
