"""What a plan of sight costs: time of a forward and backward step, from 32 to 1024 tokens a document.

    python benchmarks/mask_cost.py [--rounds 15]

Sides take turns within each round, so that a busy machine is busy for all; ratios are medians over rounds. With one
thread it is the time of the processor that counts, in which others have no part. Aims: up to 256 tokens at most 1.05
times the untouched model, beyond at most 1.05 times the library's own `is_causal=False`.
"""

import argparse
import copy
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from study import write_found
from torch import Tensor, nn
from transformers import AutoModel, LlamaConfig

from tagwright.backbone.sight.proven import find_nature, set_sight
from tagwright.errors import ModelError

ROOT = Path(__file__).parents[1]
LENGTHS = (32, 64, 128, 256, 512, 1024)
TOKENS = 1024  # in a batch, whatever the length
UNTOUCHED, NATIVE, PLANS = "untouched", "is_causal=False", ("0011", "1111")
SHORT, AIM = 256, 1.05
SHAPE = {  # of the built-in models
    "vocab_size": 8192,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 3,
    "max_position_embeddings": LENGTHS[-1],
}
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    options = read_options()
    torch.set_num_threads(options.threads)
    sides = make_sides()
    weights = sum(weight.numel() for weight in sides[UNTOUCHED].parameters())
    print(f"Llama of {weights / 1e6:.1f} million weights, float32, {TOKENS} tokens a batch, {options.rounds} rounds.")
    rows = []
    for length in LENGTHS:
        for batch in ("full", "padded"):
            rows.append(measure(sides, length, batch=batch, rounds=options.rounds))
            row = rows[-1]
            ratios = ", ".join(f"{name} {ratio:.3f}" for name, ratio in row["ratios"].items())
            print(f"{length} tokens, {batch}: {row['untouched']:.1f} ms; {ratios}; {row['aim']}", flush=True)
    show(rows)
    write_found(options.out / "report.json", options, sides=list(rows[0]["ratios"]), rows=rows)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "mask-cost", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    return parser.parse_args()


def make_sides() -> dict[str, nn.Module]:
    """The same weights under each way to look; that each looks as it should is proven first."""
    torch.manual_seed(0)
    untouched: Any = AutoModel.from_config(LlamaConfig(**SHAPE), dtype=torch.float32)
    untouched.config.use_cache = False
    sides = {UNTOUCHED: untouched, NATIVE: copy.deepcopy(untouched)}
    sides[NATIVE].config.is_causal = False
    if str(found := find_nature(sides[NATIVE]).sight) != "all":
        raise ModelError(f"This version of transformers doesn't open all layers by is_causal=False: {found}.")
    for plan in PLANS:
        sides[plan] = copy.deepcopy(untouched)
        set_sight(sides[plan], plan)
    return sides


def measure(sides: dict[str, nn.Module], length: int, *, batch: str, rounds: int) -> dict[str, Any]:
    """One row: milliseconds of the untouched model, and medians of what the others take, round by round."""
    ids = torch.randint(5, SHAPE["vocab_size"], (TOKENS // length, length))
    attend = torch.ones_like(ids)
    if batch == "padded":
        attend[-1, length - length // 4 :] = 0
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):  # the first one warms up
        names = list(sides)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            took = time_step(sides[name], ids, attend)
            if number:
                seconds[name].append(took)
    ratios = {name: compare(seconds, name, UNTOUCHED) for name in (NATIVE, *PLANS)}
    ratios |= {f"{plan} / {NATIVE}": compare(seconds, plan, NATIVE) for plan in PLANS}
    judged = PLANS if length <= SHORT else tuple(f"{plan} / {NATIVE}" for plan in PLANS)
    aim = "met" if all(ratios[name] <= AIM for name in judged) else "missed"
    middle = 1000 * statistics.median(seconds[UNTOUCHED])
    return {"tokens": length, "batch": batch, "untouched": middle, "ratios": ratios, "aim": aim}


def time_step(model: nn.Module, ids: Tensor, attend: Tensor) -> float:
    model.zero_grad(set_to_none=True)
    tell = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    began = tell()
    model(input_ids=ids, attention_mask=attend).last_hidden_state.square().mean().backward()
    return tell() - began


def compare(seconds: dict[str, list[float]], name: str, base: str) -> float:
    return statistics.median(ours / theirs for ours, theirs in zip(seconds[name], seconds[base], strict=True))


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Time of a step beside the untouched model's, and beside is_causal=False", title_justify="left")
    for column in ("tokens", "batch", "untouched, ms", *rows[0]["ratios"], f"aim {AIM:g}x"):
        table.add_column(column, justify="right")
    for row in rows:
        ratios = (f"{ratio:.3f}" for ratio in row["ratios"].values())
        table.add_row(str(row["tokens"]), row["batch"], f"{row['untouched']:.1f}", *ratios, row["aim"])
    console.print(table)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ModelError as error:
        sys.exit(str(error))
