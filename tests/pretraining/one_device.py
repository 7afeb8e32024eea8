"""One process of a tiny pretraining on several devices, started by torchrun in test_devices.py; leaves what it learnt.

    one_device.py FOLDER STEP    dies at that step; 0 is never
Alone it takes two micro-batches a step, so that one process and two read the same rows at each step.
"""

import json
import os
import sys
from pathlib import Path

from killed_runs import DieAt
from tagwright.models.folder import write_weights
from tagwright.pretraining.learning.trainer import SPEED
from tagwright.pretraining.run import CHECKPOINTS, pretrain
from tagwright.training.checkpoints import find_checkpoint
from tiny_pretraining import make_recipe


def main(folder: Path, step: int) -> None:
    devices, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    settings = {"gradient_accumulation_steps": 2 // devices, "dtype": "float32", "use_cpu": True, "logging_steps": 1}
    recipe = make_recipe(folder.parent / "text", "hybrid", **{f"training.{name}": v for name, v in settings.items()})
    is_begun = find_checkpoint(folder / CHECKPOINTS) is not None
    outcome = pretrain(recipe, folder, resume=is_begun, callbacks=[DieAt(step)])
    write_weights(outcome.model.state_dict(), folder / f"weights-{rank}.safetensors")
    log = [{name: value for name, value in entry.items() if name != SPEED} for entry in outcome.history]
    (folder / f"log-{rank}.json").write_text(json.dumps(log))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
