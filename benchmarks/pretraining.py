"""How fast `tagwright pretrain` is: tokens a second, share of the machine's peak, and beside a plain Trainer.

    python benchmarks/pretraining.py [--threads 1] [--pairs 5] [--steps 3] [--processes 2] [--profile]

The recipe of tiny-decoder on text made up here, or on --text FILES, in bfloat16 where the machine has it in hardware,
else in float32. In every round the peak of matrix products in this precision is measured, then both sides train some
steps, one after the other, so that all three see the same machine. transformers' Trainer trains the same model on the
same rows: float32 weights, under autocast where ours is bfloat16, its own attention and AdamW.
On a machine that is busy, --clock cpu counts the processor time of each side in place of the time on the wall (but not
that of two processes, which wait for each other).
"""

import argparse
import json
import random
import socket
import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from throughput.peak import Size, choose_clock, measure_shapes, measure_square
from throughput.sides import JOINT, OURS, THEIRS, Setting, Side

from tagwright.pretraining.corpus.prepare import prepare
from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.pretraining.run import resolve

ROOT = Path(__file__).parents[1]
NEVER = 10**9
AIM_SHARE, AIM_RATIO = 0.35, 1.3
PEAK = "peak"
console = Console(soft_wrap=True)


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        setting, size = make_setting(options, Path(folder))
        shapes = measure_shapes(size, choose_clock(options.clock, options.threads))
        rounds = measure(options, setting, size.dtype)
        result = summarise(options, size, rounds=rounds, shapes=shapes)
        show(result)
        if options.profile or result["share_of_peak"] < AIM_SHARE:
            result["profile"] = profile(setting, options.steps)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        console.print(f"Written to {options.json}", highlight=False)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=ROOT / "recipes" / "builtin" / "tiny-decoder.toml")
    parser.add_argument("--text", nargs="+", help="plain text files; without them the text is made up")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1, help="2: also two of ours, sharing batches")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="of a side in a round")
    parser.add_argument("--warm", type=int, default=3, help="steps before the first round")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--no-compile", action="store_true", help="without torch.compile")
    parser.add_argument("--profile", action="store_true", help="where our time goes; comes by itself below 35 %%")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def make_setting(options: argparse.Namespace, folder: Path) -> tuple[Setting, Size]:
    """The recipe, with its text made into tokens already, and the size of its model."""
    texts = {"train": options.text, "valid": options.text}
    if options.text is None:
        texts = {"train": [str(folder / "train.txt")], "valid": [str(folder / "valid.txt")]}
        for seed, (part, documents) in enumerate((("train", 3000), ("valid", 100))):
            Path(texts[part][0]).write_text(make_text(documents, seed=seed), encoding="utf-8")
    settings: dict[str, Any] = {f"text.{part}": tuple(files) for part, files in texts.items()}
    settings |= {"text.avoid": (), "text.tokens": str(folder / "tokens"), "training.use_cpu": True}
    settings |= {"training.eval_steps": NEVER, "training.save_steps": NEVER}
    if options.no_compile:
        settings["training.torch_compile"] = False
    recipe = resolve(PretrainingRecipe.from_toml(options.recipe, settings=settings), torch.device("cpu"))
    text = prepare(recipe, folder / "tokens", say=console.print)
    model, steps = recipe.model, recipe.training
    size = Size(
        layers=model.layers,
        width=model.width,
        inner=model.inner_width,
        vocabulary=len(text.tokenizer),
        length=steps.length,
        tokens=steps.length * steps.per_device_train_batch_size,
        dtype=getattr(torch, steps.dtype),
    )
    return Setting(recipe, folder, options.threads, options.clock, options.warm), size


def make_text(documents: int, *, seed: int) -> str:
    """Documents of made-up words, some far more frequent than others; none means anything."""
    words = ["".join(random.Random(number).choices("etaoinshrdlu", k=2 + number % 9)) for number in range(20_000)]
    drawn = random.Random(seed)
    sums = [0.0]
    for rank in range(1, len(words) + 1):
        sums.append(sums[-1] + 1 / rank)
    lengths = (drawn.randint(50, 400) for _ in range(documents))
    return "\n\n".join(" ".join(drawn.choices(words, cum_weights=sums[1:], k=length)) for length in lengths)


def measure(options: argparse.Namespace, setting: Setting, dtype: torch.dtype) -> list[dict[str, float]]:
    """The rounds: FLOP/s of the peak, tokens a second of every side."""
    sides = [Side(OURS, setting), Side(THEIRS, setting)]
    if options.processes == 2:
        sides.append(Side(JOINT, replace(setting, world=2, port=find_port(), clock="wall")))
    clock = choose_clock(options.clock, options.threads)
    try:
        for side in sides:
            console.print(f"{side.name}: starting")
            side.start()
        peak = partial(measure_square, dtype, clock)
        return [measure_round(number, options, sides, peak) for number in range(1, options.pairs + 1)]
    finally:
        for side in sides:
            side.end()


def measure_round(
    number: int, options: argparse.Namespace, sides: list[Side], peak: Callable[[], float]
) -> dict[str, float]:
    rates = {PEAK: peak()} | {side.name: side.train(options.steps) for side in sides}
    told = ", ".join(f"{side.name} {rates[side.name]:,.0f} tokens/s" for side in sides)
    console.print(f"[{number}/{options.pairs}] peak {rates[PEAK] / 1e9:.0f} GFLOP/s, {told}", highlight=False)
    return rates


def find_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def summarise(
    options: argparse.Namespace, size: Size, *, rounds: list[dict[str, float]], shapes: dict[str, float]
) -> dict[str, Any]:
    """Medians over the rounds; ratios and shares are taken within a round first."""
    work = size.flops_per_token
    ratios = [one[OURS] / one[THEIRS] for one in rounds]
    return {
        "threads": options.threads,
        "clock": options.clock,
        "dtype": str(size.dtype).removeprefix("torch."),
        "compiled": not options.no_compile,
        "weights_in_products": size.weights,
        "flops_per_token": work,
        "peak_flops": statistics.median(one[PEAK] for one in rounds),
        "flops_of_shapes": shapes,
        "tokens_per_second": {
            name: statistics.median(one[name] for one in rounds) for name in rounds[0].keys() - {PEAK}
        },
        "share_of_peak": statistics.median(one[OURS] * work / one[PEAK] for one in rounds),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "rounds": rounds,
    }


def show(result: dict[str, Any]) -> None:
    title = f"{result['threads']} thread(s), {result['clock']} clock, {result['dtype']}"
    table = Table(title=title, title_justify="left")
    for column in ("", "tokens/s", "share of peak"):
        table.add_column(column, justify="right" if column else "left")
    for name, speed in sorted(result["tokens_per_second"].items()):
        share = statistics.median(one[name] * result["flops_per_token"] / one[PEAK] for one in result["rounds"])
        table.add_row(name, f"{speed:,.0f}", "" if name == JOINT else f"{100 * share:.1f} %")
    console.print(table)
    shapes = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in result["flops_of_shapes"].items())
    console.print(f"  peak: {result['peak_flops'] / 1e9:.0f} GFLOP/s; its own products: {shapes}", highlight=False)
    console.print(
        f"  {result['flops_per_token'] / 1e6:.1f} MFLOP a token: 6 x {result['weights_in_products'] / 1e6:.2f} million "
        "weights in products (output layer included) + 6 x layers x width x length for causal attention",
        highlight=False,
    )
    met = "met" if result["share_of_peak"] >= AIM_SHARE else "missed"
    share = f"{100 * result['share_of_peak']:.1f} %"
    console.print(f"  share of peak: {share}; aim {100 * AIM_SHARE:.0f} % {met}", highlight=False)
    if JOINT in result["tokens_per_second"] and result["clock"] == "wall":
        joint = statistics.median(one[JOINT] / one[OURS] for one in result["rounds"])
        console.print(f"  two processes: {joint:.2f}x one", highlight=False)
    ratio, ratios = result["ratio"], result["ratios"]
    met = "met" if ratio >= AIM_RATIO else "missed"
    console.print(
        f"  {ratio:.2f}x transformers ({min(ratios):.2f} to {max(ratios):.2f}); aim {AIM_RATIO}x {met}", highlight=False
    )


def profile(setting: Setting, steps: int) -> dict[str, float]:
    """Seconds of one of our steps by what they are spent on, from a run of its own."""
    side = Side(OURS, replace(setting, kernels=True))
    try:
        side.start()
        spent = side.profile(steps)
    finally:
        side.end()
    table = Table(title="Where a step's time goes", title_justify="left")
    for column in ("", "ms", "share"):
        table.add_column(column, justify="right" if column else "left")
    total = sum(spent.values())
    for name, seconds in sorted(spent.items(), key=lambda one: -one[1]):
        table.add_row(name, f"{1000 * seconds:.0f}", f"{100 * seconds / total:.1f} %")
    console.print(table)
    return spent


if __name__ == "__main__":
    main()
