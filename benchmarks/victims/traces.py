"""What a run under test leaves behind, so that whoever killed it can compare: weights and loss curve."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tagwright.models.folder import write_weights

STARTED, FINAL, CURVE = "started", "final.safetensors", "curve.json"
OF_TIME = ("runtime", "per_second")  # parts of names that tell of the clock
CLOSING = "train_runtime"  # stands in the last entry, which sums up the part since the last start alone


def write_end(model: Any, history: Sequence[Mapping[str, float]], folder: Path) -> None:
    """The log without times, then the final weights: where they are, the run is over."""
    curve = [
        {name: value for name, value in entry.items() if not any(part in name for part in OF_TIME)}
        for entry in history
        if CLOSING not in entry
    ]
    (folder / CURVE).write_text(json.dumps(curve, sort_keys=True), encoding="utf-8")
    write_weights(model, folder / "draft.safetensors")
    (folder / "draft.safetensors").replace(folder / FINAL)
