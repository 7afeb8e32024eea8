"""Store: the states of words in one file of the safetensors format, memory-mapped, with what they were made of.

A file that is there is whole: it is written beside its place and renamed. Knows nothing of models or documents.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tagwright.errors import DataError

ENTRY, STATES = "tagwright", "states"
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


@dataclass(frozen=True)
class Store:
    """Where states lie or are to lie. shape: words, layers, width. upstream: what they depend on, as JSON values."""

    path: Path
    shape: tuple[int, int, int]
    dtype: torch.dtype
    upstream: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def found(self) -> int:
        """Bytes of the file that is there; 0 where there is none."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def is_ready(self) -> bool:
        """There is a file, made of the very same."""
        return self.path.is_file() and not self.list_changes()

    def list_changes(self) -> list[str]:
        """By name: of what the file that is there was made otherwise."""
        try:
            with safe_open(self.path, framework="pt") as file:
                then = dict(json.loads((file.metadata() or {})[ENTRY]))
                fits = tuple(file.get_slice(STATES).get_shape()) == self.shape
        except (SafetensorError, OSError, ValueError, KeyError):
            return ["contents"]  # damaged, or of another program
        now = json.loads(json.dumps(self.upstream))
        changed = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
        return changed if changed or fits else ["shape"]

    def open(self) -> Tensor:
        """The states, of which only what is used is read."""
        with safe_open(self.path, framework="pt") as file:
            states: Tensor = file.get_tensor(STATES)
        return states

    def write(self, parts: Iterable[Tensor]) -> None:
        """Put the states of words, in order, into the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.draft")
        try:
            with draft.open("wb") as file:
                file.write(self._make_header())
                for part in parts:
                    file.write(part.contiguous().view(torch.uint8).numpy().data)
            draft.replace(self.path)
        except OSError as error:
            raise DataError(
                f"The features can't be written: {error}. Free some space, name another place "
                '(tuning.features_folder), or let the backbone run in every epoch (tuning.features = "off").',
                path=self.path,
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    def _make_header(self) -> bytes:
        entry = {"dtype": NAMES[self.dtype], "shape": self.shape, "data_offsets": [0, self.size]}
        header = json.dumps({"__metadata__": {ENTRY: json.dumps(self.upstream)}, STATES: entry}).encode()
        header += b" " * (-len(header) % 8)
        return len(header).to_bytes(8, "little") + header

    def _sweep(self) -> None:
        """What killed runs left half written, and the file that is to be replaced, make room."""
        for left in self.path.parent.glob(f"{self.path.name}.*.draft"):
            number = left.name.split(".")[-2]
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                left.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
