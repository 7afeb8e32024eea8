"""Writing that proposes its copies, beside transformers' greedy decoding and its prompt lookup, on one trained writer.

    python benchmarks/generate.py [--models builtin:tiny-t5,builtin:tiny-decoder] [--corpus synthetic:ner] [--rounds 5]

For each model a writer is trained (once; kept in --out); then all sides write on the same sources, on the processor:

    ours      under the format's constraint; tokens are proposed, and checked many at once
    plain     the same constraint, token by token: ours has to write the same, document by document
    free      as ours, without the constraint
    greedy    transformers' generate, without a constraint: free has to write the same
    lookup    transformers' generate with prompt lookup, at its best number of proposals; one document at a time

Passes per token: how often a row was in a forward pass, for each token that was written; its encoder isn't counted.
A side's time goes from token ids of sources to token ids of outputs; ours has to build its grammars in it, and knows no
word of the documents before. Sides take turns round by round; ratios are medians over rounds. Aims are printed, never
enforced. On a busy machine --cpu tells more: with one thread the processor's time is what a free machine would take.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from cells.finetuning import digest
from cells.sight import PARTS, read_part
from generate_sides import BATCH, Ids, Scene, Side, count_passes, list_sides, write
from rich.console import Console
from rich.table import Table
from study import start, write_found

import tagwright
from tagwright.backbone.precision import is_bfloat16_fast
from tagwright.inference.predictor import Predictor
from tagwright.recipe.estimate.machine import measure_machine
from tagwright.text.document import Document
from tagwright.text.sampling import draw_shots
from tagwright.text.synthetic import make_corpus

ROOT = Path(__file__).parents[1]
MODELS = "builtin:tiny-t5,builtin:tiny-decoder"
SYNTHETIC = "synthetic:ner"
FASTER = {"greedy": 5.0, "lookup": 1.5}  # aims: times as many documents a second
# for what is said before it starts: words, and documents, a second of the built-in models on one core of a free machine
TRAINED = 400
WRITTEN = {"lookup": 4, "greedy": 6, "ours": 10, "ours, 1": 6, "plain": 4, "free": 10, "free, 1": 6}
CPU = torch.device("cpu")
clock = time.perf_counter
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    global clock
    options = read_options()
    clock = time.process_time if options.cpu else time.perf_counter
    torch.set_num_threads(options.threads)
    transformers.logging.set_verbosity_error()
    parts = read_parts(options)
    print(tell_plan(options, parts), flush=True)
    found = []
    for model in options.models:
        found.append(measure(model, parts, options))
        show(found[-1])
    about = {f"{part} words": sum(map(len, documents)) for part, documents in parts.items()}
    about |= {"transformers": transformers.__version__}
    write_found(options.out / "report.json", options, about=about, models=found)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=MODELS, help="comma-separated, models that write; default: %(default)s")
    parser.add_argument("--corpus", default=SYNTHETIC, help="a folder in --data; default: %(default)s")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="where other corpora lie, NAME/train.conll"
    )
    parser.add_argument("--format", default="inline", help="inline, records, sentinel; default: %(default)s")
    parser.add_argument("--train-documents", type=int, default=1000, help="at most; default: %(default)s")
    parser.add_argument("--documents", type=int, default=100, help="at most so many of test; default: %(default)s")
    parser.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--rate", type=float, help="learning rate; empty takes the one of the recipe for the model")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--cpu", action="store_true", help="count the time of the processor, not of the clock")
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "generate", help="default: %(default)s")
    options = parser.parse_args()
    options.models = options.models.split(",")
    for name in ("train_documents", "documents", "epochs", "rounds", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: one at least, not {getattr(options, name)}")
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def read_parts(options: argparse.Namespace) -> dict[str, list[Document]]:
    """Train, dev and test documents with spans; always the same ones."""
    most = {"train": options.train_documents, "dev": max(options.train_documents // 6, 1), "test": options.documents}
    if options.corpus == SYNTHETIC:
        waiting = iter(make_corpus("ner", documents=sum(most.values()), seed=0))
        return {part: [next(waiting) for _ in range(most[part])] for part in PARTS}
    if not (options.data / options.corpus).is_dir():
        sys.exit(f"There is no {options.data / options.corpus}: give --data, the folder that corpora lie in.")
    whole = {part: read_part(options.corpus, str(options.data), part=part) for part in PARTS}
    return {part: draw_shots(whole[part], min(most[part], len(whole[part])), seed=0) for part in PARTS}


def tell_plan(options: argparse.Namespace, parts: Mapping[str, Sequence[Document]]) -> str:
    fresh = sum(not is_trained(find_folder(model, options)) for model in options.models)
    words, documents = sum(map(len, parts["train"])), len(parts["test"])
    training = fresh * words * options.epochs / TRAINED
    turns = options.rounds + 2  # the first one warms up and counts, and other precisions and lookups are tried
    writing = len(options.models) * turns * documents * sum(1 / pace for pace in WRITTEN.values())
    return "\n".join(
        (
            f"{', '.join(options.models)}; {options.corpus}, format {options.format}, {options.threads} threads.",
            f"{fresh} of {len(options.models)} writers are to be trained: {len(parts['train'])} documents of {words:,} "
            f"words, {options.epochs} epochs; about {max(training / 60, fresh):.0f} minutes.",
            f"{len(WRITTEN)} sides then write on {documents} documents, {options.rounds} rounds, in float32; about "
            f"{max(writing / 60, 1):.0f} minutes. All this on a free machine.",
        )
    )


# --- the writer ------------------------------------------------------------------------------------------------------


def list_settings(options: argparse.Namespace) -> dict[str, Any]:
    rate = {} if options.rate is None else {"training.learning_rate": options.rate}
    return rate | {
        "view": "writer",
        "writer.task": "ner",
        "writer.format": options.format,
        "training.num_train_epochs": options.epochs,
        "training.per_device_train_batch_size": 8,
        "training.save_strategy": "no",
        "training.eval_strategy": "no",
    }


def find_folder(model: str, options: argparse.Namespace) -> Path:
    """Where its writer lies; one of other settings, documents or weights lies elsewhere."""
    place = "" if options.corpus == SYNTHETIC else str(options.data.resolve())
    told = [list_settings(options), options.corpus, place, options.train_documents, digest(model)]
    key = hashlib.blake2b(json.dumps(told).encode(), digest_size=4).hexdigest()
    return options.out / f"{Path(model).name.replace(':', '-')}-{key}"


def is_trained(folder: Path) -> bool:
    return (folder / "fixture.json").is_file()


def get_writer(model: str, parts: Mapping[str, list[Document]], options: argparse.Namespace) -> Path:
    """The folder of a trained writer."""
    folder = find_folder(model, options)
    if not is_trained(folder):
        began = time.perf_counter()
        labeler = tagwright.train(parts["train"], parts["dev"], model=model, settings=list_settings(options))
        labeler.save_pretrained(folder)
        print(f"{model}: trained in {time.perf_counter() - began:.0f} s; kept in {folder}.", flush=True)
    return folder


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(model: str, parts: Mapping[str, list[Document]], options: argparse.Namespace) -> dict[str, Any]:
    folder = get_writer(model, parts, options)
    scene = Scene.open(Predictor.from_pretrained(folder, device="cpu").model, parts["test"])
    if not scene.documents:
        sys.exit(f"No document of {options.corpus} fits into {model}.")
    sides, peak = {side.name: side for side in list_sides(scene, clock)}, measure_machine().flops
    for side in sides.values():  # warms up, too
        with count_passes(scene, side):
            side.outputs = side.run()
        cut_off = sum(len(ids) == scene.most for ids in side.outputs)
        tokens = sum(map(len, side.outputs)) + len(side.outputs) - cut_off
        print(f"{model}: {side.name} wrote {tokens} tokens in {side.facts['passes']} passes", flush=True)
        side.facts |= {"cut_off": cut_off, "tokens": tokens, "passes_per_token": side.facts["rows"] / tokens}
    for turn in range(options.rounds):
        for side in sides.values():
            began = clock()
            side.run()
            side.seconds.append(clock() - began)
        print(f"{model}: round {turn + 1} of {options.rounds} done", flush=True)
    rows = [describe(scene, side) for side in sides.values()]
    found = {"model": model, "is_pair": scene.writer.backbone.is_pair, "documents": len(scene.documents)}
    found |= {"left_out": scene.left_out, "most": scene.most, "sides": rows, "ratios": find_ratios(sides)}
    found["differing"] = {
        f"{one} / {other}": list_differing(scene, sides[one].outputs, sides[other].outputs)
        for one, other in (("ours", "plain"), ("ours, 1", "plain"), ("free", "greedy"), ("lookup", "greedy"))
    }
    found["floor"] = {"peak": peak, "seconds": sides["plain"].facts["flops"] / peak}
    found["floor"]["ratio"] = statistics.median(sides["greedy"].seconds) / found["floor"]["seconds"]
    found["bfloat16"] = compare_bfloat16(folder, parts["test"], sides["plain"].outputs)
    return found | {"aims": judge(found)}


def describe(scene: Scene, side: Side) -> dict[str, Any]:
    median = statistics.median(side.seconds)
    row = {"name": side.name, "batch": side.batch, "seconds": side.seconds, **side.facts}
    return row | {"documents_per_second": len(scene.documents) / median, "f1": scene.score(side.outputs)}


def find_ratios(sides: Mapping[str, Side]) -> dict[str, float]:
    """Documents a second of ours, at its batch, over those of others: medians over rounds."""
    pairs = {"greedy": "ours", "plain": "ours", "lookup": "ours, 1"}
    return {
        other: statistics.median(
            theirs / mine for theirs, mine in zip(sides[other].seconds, sides[own].seconds, strict=True)
        )
        for other, own in pairs.items()
    }


def list_differing(scene: Scene, ones: Sequence[Ids], others: Sequence[Ids]) -> list[str]:
    rows = zip(scene.documents, ones, others, strict=True)
    return [document.id or document.text[:40] for document, one, other in rows if one != other]


def compare_bfloat16(folder: Path, documents: Sequence[Document], exact: Sequence[Ids]) -> dict[str, Any]:
    """How many documents are the same in bfloat16: ours and plain, and ours and float32."""
    if not is_bfloat16_fast(CPU):
        return {"reason": "this processor has bfloat16 in software only"}
    scene = Scene.open(Predictor.from_pretrained(folder, dtype="bfloat16", device="cpu").model, documents)
    ours, plain = (write(scene, batch=BATCH, ahead=ahead) for ahead in (None, 0))
    differing = {"plain": list_differing(scene, ours, plain), "float32": list_differing(scene, ours, exact)}
    return {name: 1 - len(found) / len(scene.documents) for name, found in differing.items()}


# --- what it says ----------------------------------------------------------------------------------------------------


def judge(found: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Each aim: what was wanted, what was found, whether it is met."""
    aims = []
    for own in ("ours", "ours, 1"):
        count = len(found["differing"][f"{own} / plain"])
        aims.append((f"{own}: the same as token by token", f"{count} of {found['documents']} differ", not count))
    for other, least in FASTER.items():
        ratio = found["ratios"][other]
        aims.append((f"at least {least:g} times the documents of {other}", f"{ratio:.2f} times", ratio >= least))
    f1 = {row["name"]: row["f1"] for row in found["sides"]}
    told = f"{f1['ours']:.2f} and {f1['free']:.2f}"
    return [*aims, ("F1 under the constraint not below F1 without", told, f1["ours"] >= f1["free"])]


def show(found: Mapping[str, Any]) -> None:
    title = f"{found['model']}: {found['documents']} documents, outputs of at most {found['most']} tokens"
    table = Table(title=title, title_justify="left")
    counted = "batch", "documents/s", "passes per token", "GFLOP", "proposals kept", "cut off", "F1"
    for name in ("side", *counted, "setting"):
        table.add_column(name, justify="right" if name in counted else "left")
    for row in found["sides"]:
        kept = f"{row['kept'] / row['proposed']:.0%}" if row.get("proposed") else "-"
        rates = f"{row['documents_per_second']:.2f}", f"{row['passes_per_token']:.3f}", f"{row['flops'] / 1e9:.1f}"
        scores = kept, str(row["cut_off"]), f"{row['f1']:.2f}", row.get("setting", "")
        table.add_row(row["name"], str(row["batch"]), *rates, *scores)
    console.print(table)
    if found["left_out"]:
        print(f"{found['left_out']} documents don't fit into the model and are left out.")
    for pair, differing in found["differing"].items():
        print(f"{pair}: {len(differing)} documents differ{': ' + ', '.join(differing[:5]) if differing else ''}")
    floor = found["floor"]
    print(
        f"The products of plain, which reads nothing in vain, take {floor['seconds']:.2f} s at the peak ("
        f"{floor['peak'] / 1e9:.0f} GFLOP/s): {floor['ratio']:.1f} times greedy would be the end if nothing else took "
        "any time."
    )
    print(tell_lookup(found["is_pair"]))
    half = found["bfloat16"]
    shares = "; ".join(f"as {name} {share:.1%}" for name, share in half.items() if name != "reason")
    print(f"bfloat16: {'left out: ' + half['reason'] if 'reason' in half else 'documents written ' + shares}.")
    for wanted, value, is_met in found["aims"]:
        print(f"{'met   ' if is_met else 'missed'} {wanted}: {value}")


def tell_lookup(is_pair: bool) -> str:
    """What transformers' prompt lookup can't do."""
    if is_pair:
        return "lookup: one row at a time; it looks into what its decoder has read, so it can't propose the source."
    return "lookup: one row at a time; it looks into the prompt and what was written."


if __name__ == "__main__":
    start(main)
