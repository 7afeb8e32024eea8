"""One process of a tiny sparse run on several devices, started by torchrun in test_devices.py; leaves what it chose.

    one_sparse_device.py FOLDER NAME
Alone it takes two micro-batches a step, so that one process and two see the same documents at each step.
"""

import os
import sys
from pathlib import Path

from safetensors.torch import save_file

from tiny_labelers import make_documents, make_tagger, make_trainer


def main(folder: Path, name: str) -> None:
    devices, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    tagger = make_tagger()
    trainer = make_trainer(
        tagger,
        make_documents(24),  # six batches of four
        folder / "checkpoints",
        tuning={"name": "fish-dip", "percent": 5, "every": 3, "documents": 5, "pool": 12, "optimizer": name},
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2 // devices,
        num_train_epochs=3,
        save_strategy="no",
        eval_strategy="no",
    )
    trainer.train()
    delta = {key: tensor.contiguous() for key, tensor in tagger.tuning.make_delta(tagger).to_tensors().items()}
    save_file(delta, folder / f"delta-{rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
