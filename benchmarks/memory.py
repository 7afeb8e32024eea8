"""The memory of tunings, told apart: weights, state (gradients, optimizer, mask), activations, and a choice's peak.

    python benchmarks/memory.py [--sizes 30M 350M] [--sides full lora shira fish-dip dense-mask]

Decoders are built from a config and never trained for good. Bytes are those of live tensors, counted as operations make
them, so the figures are those of any device. Time is processor time of one thread where there is no accelerator.
Aims, as shares of full fine-tuning: state at most 5 %, at a choice at most 40 %, time of a step at most 1.25 times,
choices included. `dense-mask` is AdamW on gradients under a dense mask, as the published scripts of FISH-DIP keep one.
"""

import argparse
import gc
import json
import statistics
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from study import write_found
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoModel, LlamaConfig

from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.sparse.choice.choices import Choices

ROOT = Path(__file__).parents[1]
SHAPES = {
    "tiny": (512, 64, 128, 2),
    "30M": (16_384, 384, 1024, 14),
    "350M": (32_000, 1024, 2816, 24),
    "7B": (32_000, 4096, 11_008, 32),
}
OURS = "fish-dip"
SIDES = ("full", "lora", "shira", OURS, "dense-mask")
PERCENT, EVERY, DOCUMENTS = 1.0, 100, 16
AIMS = {"state": 0.05, "choice": 0.40, "time": 1.25}
RATE = 1e-4
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class Meter(TorchDispatchMode):
    """Bytes of all tensors that are alive and were made within, now and at most."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor) and tensor.layout is torch.strided:  # others are made of these
                self._note(tensor.untyped_storage())
        return made

    def leave_out(self, module: nn.Module) -> None:
        """What a module holds already is not counted, however often it is looked at."""
        for weight in module.parameters():
            self._known[weight.untyped_storage()._cdata] = 0

    def restart(self) -> None:
        self.most = self.now

    def _note(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known or not size:
            return
        self._known[key] = size
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self._known.pop(key)


class Body(nn.Module):
    """A model where tunings look for it."""

    model: Any

    def prove(self) -> None:
        """There is no sight to prove here."""


class Decoder(nn.Module):
    """A decoder with a head of nine tags, as tunings know labelers."""

    def __init__(self, size: str, *, dtype: torch.dtype, device: str) -> None:
        super().__init__()
        vocabulary, width, inner, layers = SHAPES[size]
        config = LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=inner,
            num_hidden_layers=layers,
            num_attention_heads=max(width // 64, 1),
            use_cache=False,
        )
        self.backbone = Body()
        with torch.device(device):
            self.backbone.model = AutoModel.from_config(config, dtype=dtype)
            self.head = nn.Linear(width, 9, dtype=dtype)

    def forward(self, ids: Tensor, gold: Tensor) -> Tensor:
        """B T, B T -> the loss summed over tokens."""
        return self.score(ids, gold).sum()

    def score(self, ids: Tensor, gold: Tensor) -> Tensor:
        """B T: the loss of every token."""
        states = self.backbone.model(input_ids=ids).last_hidden_state
        return F.cross_entropy(self.head(states).transpose(1, 2).float(), gold, reduction="none")


class Documents:
    """Random documents of one length."""

    def __init__(self, module: Decoder, *, count: int, length: int) -> None:
        self.module, self.words = module, [length] * count
        self.tokens = self.words
        vocabulary = module.backbone.model.config.vocab_size
        drawn = torch.Generator().manual_seed(0)
        self.ids = torch.randint(vocabulary, (count, length), generator=drawn).to(module.head.weight.device)

    def collate(self, documents: Sequence[int]) -> dict[str, Tensor]:
        ids = self.ids[list(documents)]
        return {"ids": ids, "gold": ids % 9}

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        return self.module(**batch)

    @torch.no_grad()
    def losses(self, documents: Sequence[int]) -> Tensor:
        return torch.cat([self.module.score(**self.collate(part)).sum(1) for part in _cut(documents, 8)])


class DenseMask:
    """AdamW with dense gradients, a dense mask in float32 and scores of all weights at once."""

    def __init__(self, module: Decoder) -> None:
        self.module = module
        self.weights = list(module.parameters())
        self.optimizer = torch.optim.AdamW(self.weights, lr=RATE)
        self.masks: list[Tensor] = []

    def choose(self, documents: Documents) -> None:
        losses = documents.losses(range(len(documents.words)))
        self.masks = []
        scores = [torch.zeros_like(weight) for weight in self.weights]
        for at in losses.topk(min(DOCUMENTS, len(losses))).indices.tolist():
            self.optimizer.zero_grad()
            documents.loss(documents.collate([at])).backward()
            for score, weight in zip(scores, self.weights, strict=True):
                score += weight.grad**2
        self.optimizer.zero_grad()
        flat = torch.cat([score.flatten() for score in scores])
        mask = torch.zeros_like(flat)
        mask[flat.topk(int(len(flat) * PERCENT / 100)).indices] = 1
        sizes = [weight.numel() for weight in self.weights]
        parts = zip(mask.split(sizes), self.weights, strict=True)
        self.masks = [part.view_as(weight).clone() for part, weight in parts]

    def step(self) -> None:
        for mask, weight in zip(self.masks, self.weights, strict=True):
            weight.grad *= mask
        self.optimizer.step()
        self.optimizer.zero_grad()


class Tuned:
    """A module under one of the tunings, with the steps that a trainer takes."""

    def __init__(self, module: Decoder, name: str, documents: Documents) -> None:
        settings = {"percent": PERCENT, "documents": DOCUMENTS} if name == OURS else {}
        tuning = TUNINGS[name](TuningConfig(name=name, **settings))
        tuning.prepare(module)
        usual = {"lr": RATE, "betas": (0.9, 0.999), "eps": 1e-8}
        self.optimizer: Any = tuning.make_optimizer(module, torch.optim.AdamW, settings=usual, weight_decay=0.0)
        self.choices: list[Choices] = list(tuning.list_callbacks(module, documents=documents))
        self.steps = 0

    def choose(self, documents: Documents) -> None:
        for choices in self.choices:
            choices.choose(self.optimizer, step=self.steps, seed=0)

    def step(self) -> None:
        self.steps += 1
        self.optimizer.step()
        self.optimizer.zero_grad()


def measure(size: str, side: str, options: argparse.Namespace) -> dict[str, float]:
    """Bytes and seconds of one side."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module = Decoder(size, dtype=getattr(torch, options.dtype), device=device).train()
    weights = sum(weight.numel() * weight.element_size() for weight in module.parameters())
    documents = Documents(module, count=options.pool, length=options.length)
    batch = documents.collate(range(options.documents))
    with Meter() as meter:
        meter.leave_out(module)
        tuned = DenseMask(module) if side == "dense-mask" else Tuned(module, side, documents)
        tuned.choose(documents)
        figures = [_step(module, tuned, batch, meter) for _ in range(2)][-1]
        gc.collect()
        meter.restart()
        tuned.choose(documents)
        figures["choice"] = float(meter.most)
    times = [_time(lambda: _step(module, tuned, batch, None)) for _ in range(options.steps)]
    choices = [_time(lambda: tuned.choose(documents)) for _ in range(max(options.steps // 2, 1))]
    moving = sum(weight.numel() for group in tuned.optimizer.param_groups for weight in group["params"])
    return {
        "weights": weights,
        **figures,
        "step": statistics.median(times),
        "choosing": statistics.median(choices),
        "time": statistics.median(times) + statistics.median(choices) / EVERY,
        "moving": moving,
    }


def _step(module: Decoder, tuned: Any, batch: dict[str, Tensor], meter: Meter | None) -> dict[str, float]:
    """A step; its state is all that is alive beside the weights when the optimizer is about to move them."""
    before = meter.now if meter else 0
    loss = module(**batch)
    after = meter.now if meter else 0
    loss.backward()
    del loss
    state = meter.now if meter else 0
    if meter:
        meter.restart()
    tuned.step()
    return {"state": float(state), "activations": float(after - before), "stepping": float(meter.most if meter else 0)}


def _time(work: Callable[[], Any]) -> float:
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    start = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def _cut(rows: Sequence[int], size: int) -> list[Sequence[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def show(rows: list[dict[str, Any]]) -> None:
    columns = ("weights", "state", "activations", "stepping", "choice")
    table = Table(*("size", "side", "moving"), *(f"{name} MB" for name in columns), "state", "choice", "step s", "time")
    for row in rows:
        full = next((each for each in rows if each["size"] == row["size"] and each["side"] == "full"), None)
        shares = ["", "", ""] if full is None else _share(row, full)
        table.add_row(
            row["size"],
            row["side"],
            f"{row['moving']:,}",
            *(f"{row[name] / 1e6:.1f}" for name in columns),
            *shares[:2],
            f"{row['step']:.2f}",
            shares[2],
        )
    console.print(table)


def _share(row: dict[str, Any], full: dict[str, Any]) -> list[str]:
    """What a side takes of full fine-tuning; whether fish-dip meets its aims."""
    found = {name: row[name] / full["state"] for name in ("state", "choice")} | {"time": row["time"] / full["time"]}
    told = {"state": "{:.1%}", "choice": "{:.1%}", "time": "{:.2f}x"}
    judged = {name: (" met" if found[name] <= aim else " missed") * (row["side"] == OURS) for name, aim in AIMS.items()}
    return [told[name].format(share) + judged[name] for name, share in found.items()]


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SHAPES, default=["30M", "350M"])
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--documents", type=int, default=8, help="in a batch")
    parser.add_argument("--length", type=int, default=64, help="tokens of a document")
    parser.add_argument("--pool", type=int, default=64, help="documents to choose by")
    parser.add_argument("--steps", type=int, default=5, help="that are timed")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "memory")
    return parser.parse_args(arguments)


def main() -> int:
    options = read_options()
    torch.set_num_threads(options.threads)
    rows = []
    for size in options.sizes:
        for side in options.sides:
            rows.append({"size": size, "side": side, **measure(size, side, options)})
            gc.collect()
            print(json.dumps(rows[-1]), flush=True)
    show(rows)
    write_found(options.out / "memory.json", options, rows=rows, aims=AIMS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
