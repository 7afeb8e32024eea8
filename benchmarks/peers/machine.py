"""The machine under a benchmark: what it is, how fast it multiplies matrices, and what a tagger asks of it."""

import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tagwright.inference.predictor import Predictor
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

PROBE = 0.5  # seconds for each size of matrix
LARGE = (2048, 2048, 2048)


def describe_machine() -> dict[str, Any]:
    """Processor, cores, threads, load before anything runs, versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": name or platform.processor() or platform.machine(),
        "bf16 matrix unit": any("amx_bf16" in line for line in lines),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "transformers", "tagwright")},
    }


def find_peak(labeler: Predictor, dtype: torch.dtype) -> float:
    """FLOP per second of the fastest matrix product: at the sizes of the tagger's own layers, and at a large one."""
    sizes = {(layer.in_features, layer.out_features) for layer in _list_layers(labeler)}
    rows = (1024, labeler.config.tokens_per_batch)
    return max(_multiply(shape, dtype) for shape in [LARGE, *((row, *size) for row in rows for size in sizes)])


def _multiply(shape: tuple[int, ...], dtype: torch.dtype) -> float:
    rows, inner, columns = shape
    states, weight = torch.randn(rows, inner, dtype=dtype), torch.randn(columns, inner, dtype=dtype)
    fastest, end = float("inf"), time.perf_counter() + PROBE
    with torch.inference_mode():
        while (start := time.perf_counter()) < end:
            nn.functional.linear(states, weight)
            fastest = min(fastest, time.perf_counter() - start)
    return 2 * rows * inner * columns / fastest


def count_flops(labeler: Predictor, documents: Sequence[Document]) -> float:
    """Floating point operations that the documents need: linear layers and attention, with nothing padded."""
    lengths = [len(piece) for piece in labeler.tagger.cut(documents, Ledger())]
    backbone: Any = labeler.tagger.backbone
    config = backbone.model.config
    linear = sum(2 * layer.weight.numel() for layer in _list_layers(labeler))
    attention = 4 * config.hidden_size * config.num_hidden_layers
    return float(sum(length * linear + length * length * attention for length in lengths))


def _list_layers(labeler: Predictor) -> list[nn.Linear]:
    return [layer for layer in labeler.tagger.modules() if isinstance(layer, nn.Linear)]
