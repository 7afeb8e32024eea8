"""Generated and mutated files through every reader: documents or a DataError with file and line, never anything else.

    python benchmarks/fuzz.py [--count 200000] [--seed 0] [--jobs 2] [--only INDEX]

Every input is made from the seed and its index alone. A tenth stays as it was written: what was read must be what was
written, or the ledger must say what was lost. The rest is damaged first. A failure prints the command that repeats it.
"""

import argparse
import gzip
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tagwright.errors import DataError
from tagwright.io.files import FILES, read, write
from tagwright.io.kind import FileOptions
from tagwright.io.shapes import SHAPES
from tagwright.text.document import Document, place_span
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import split_words

CHUNK, SECONDS = 200, 10
SUFFIXES = {
    "conll": (".conll", ".txt", ".tsv"),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "jsonl": (".jsonl", ".json", ".jsonl.gz"),
    "doccano": (".jsonl",),
    "labelstudio": (".json",),
    "brat": ("",),
    "text": (".txt",),
    "datasets": ("",),
}
LINED = ("conll", "csv", "tsv", "jsonl", "doccano", "labelstudio", "text", "brat")
WHOLE = ("The file is empty", "It is of no kind", "The gzip'd", "There is no", "Can't be", "No encoding", "Document ")
WORDS = (
    *(
        "the",
        "a",
        "New",
        "York",
        "O",
        "B-PER",
        "I-LOC",
        "#",
        "# id = x",
        "=",
        "-DOCSTART-",
        "-DOCSTART-x",
        "#hash",
        "text",
    ),
    *(
        ",",
        ";",
        ":",
        ".",
        '"',
        "''",
        '""',
        '"quoted"',
        "[",
        "]",
        "{",
        "}",
        "(",
        "-",
        "_",
        "\\",
        "/",
        "|",
        "1-2",
        "0",
        "1",
    ),
    *(
        "café",
        "e\u0301\u0302",
        "שלום",
        "\u202bمرحبا\u202c",
        "日本語",
        "ไทย",
        "👩🏽‍🚀",
        "🇩🇪",
        "\u200b",
        "\ufeff",
        "a\u200db",
    ),
    *(
        "\u00a0",
        "x\u2028y",
        "a\u0085",
        "\x1c",
        "\x00",
        "null",
        "NaN",
        "a,b",
        "tab\there",
        "line\nend",
        "cr\rhere",
        " lead",
    ),
    *("trail ", "# text = x", "w" * 300, "word", "𝔘𝔫𝔦", "\U0010ffff", "Ⅷ", "½"),
)
LABELS = ("PER", "LOC", "ORG", "creative-work", "O", "B-X", "", "Ä b", "x:y", "I", "日本")
Outcome = tuple[str, str]


class Hang(Exception):
    """An input took too long."""


def make_documents(rng: random.Random, stem: str) -> list[Document]:
    """A few documents of one sort, with everything a document can have, seldom all at once."""
    original = rng.random() < 0.5
    wild = rng.random() < 0.5
    rich = rng.random() < 0.4
    return [
        make_document(rng, f"{stem}:{n}", original=original, wild=wild, rich=rich) for n in range(1, rng.randint(2, 6))
    ]


def make_document(rng: random.Random, name: str, *, original: bool, wild: bool, rich: bool) -> Document:
    """One document."""
    known = WORDS if wild else ("Anna", "met", "Bo", "in", "Rome", "today", ".", "Acme", "Inc", "x-1")
    words = rng.choices(known, k=rng.randint(1, 12))
    if original:
        text = "".join(word + rng.choice((" ", " ", "", "  ")) for word in words)
        document = Document(text, split_words(text), id=name)
    else:
        document = Document.from_words(words, id=name)
    if not len(document):
        return document
    spans = make_spans(rng, document, flat=not rich)
    document = replace(document, spans=tuple(spans))
    return add_rest(rng, document) if rich else document


def make_spans(rng: random.Random, document: Document, *, flat: bool) -> list[Span]:
    """Spans side by side, or anyhow: nested, crossing, inside words, in pieces."""
    spans: list[Span] = []
    at = 0
    for _ in range(rng.randint(0, 4)):
        start = rng.randint(at if flat else 0, len(document) - 1)
        end = rng.randint(start + 1, min(len(document), start + 4))
        spans.append(Span(start, end, rng.choice(LABELS[:4] if flat else LABELS)))
        at = end
        if flat and at >= len(document):
            break
    if not flat and rng.random() < 0.3:
        cuts = sorted(rng.sample(range(len(document.text) + 1), min(len(document.text) + 1, rng.choice((2, 4)))))
        pieces = [pair for pair in zip(cuts[::2], cuts[1::2], strict=False) if pair[0] < pair[1]]
        if pieces and (span := place_span(document.offsets, pieces, label="PER")):
            spans.append(span)
    return spans


def add_rest(rng: random.Random, document: Document) -> Document:
    """Relations, scores, a dialogue, ids, groups and extras, each now and then."""
    spans = document.spans
    if spans and rng.random() < 0.3:
        spans = tuple(replace(span, score=rng.random()) for span in spans)
    parts: dict[str, object] = {"spans": spans}
    if spans and rng.random() < 0.5:
        ends = range(len(spans))
        parts["relations"] = tuple(
            Relation(rng.choice(ends), rng.choice(ends), rng.choice(LABELS)) for _ in range(rng.randint(1, 3))
        )
    if rng.random() < 0.2:
        middle = rng.randint(0, len(document))
        parts["turns"] = (Turn("user", 0, middle), Turn("system", middle, len(document)))
        parts["fields"] = (Field("hotel-area", ("north", "n"), 0), Field("a:b", ("",), 1))
    if rng.random() < 0.3:
        parts["id"] = rng.choice(("doc 7", "7", "a/b", "../x", "日本", "x:77", "tab\tid", " "))
    if rng.random() < 0.2:
        parts["group"] = rng.choice(("book", "g:mark:77", ""))
    if rng.random() < 0.3:
        columns = {rng.choice(("1", "POS", "word")): ["X"] * len(document)}
        parts["meta"] = rng.choice(({"note": "x"}, {"n": 3, "deep": [{"a": None}]}, {"columns": columns}, {"text": 1}))
    return replace(document, **parts)  # type: ignore[arg-type]


def damage(rng: random.Random, data: bytes) -> bytes:
    """The bytes after one to three mishaps."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice(MISHAPS)(rng, data)
    return data


def _flip(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return b"\xff"
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def _cut(rng: random.Random, data: bytes) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(1, 20) :]


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(POISONS) + data[at:]


def _lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    act = rng.randrange(4)
    if act == 0:
        lines.insert(other, lines[at])
    elif act == 1:
        del lines[at]
    elif act == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        mark = rng.choice((b"\t", b",", b" ", b'"', b":"))
        cells = lines[at].split(mark)
        rng.shuffle(cells)
        lines[at] = mark.join(cells)
    return b"\n".join(lines)


def _swap_value(rng: random.Random, data: bytes) -> bytes:
    """A number, or a word of JSON, becomes something else."""
    import re

    found = list(re.finditer(rb'\b\d+\b|"[^"\n]{0,12}"', data))
    if not found:
        return data
    hit = rng.choice(found)
    return data[: hit.start()] + rng.choice(VALUES) + data[hit.end() :]


def _encode(rng: random.Random, data: bytes) -> bytes:
    act = rng.randrange(6)
    if act == 0:
        return b"\xef\xbb\xbf" + data
    if act == 1:
        return data.replace(b"\n", b"\r\n")
    if act == 2:
        return data.replace(b"\n", b"\r")
    if act == 3:
        return gzip.compress(data)
    text = data.decode("utf-8", "replace")
    return text.encode("utf-16") if act == 4 else text.encode("latin-1", "replace")


POISONS = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\t",
        b"\t\t",
        b"\n\n",
        b"\r",
        b'"',
        b"\\",
        b"\\ud800",
        b"\\u0000",
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
    ),
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"-1",
        b"null",
        b"[" * 3000,
        b'{"a":' * 2000,
        b"-DOCSTART-",
        b"# id = x\n",
    ),
    *(
        "\u200b\u2028\u0085\U0001f600".encode(),
        b"\xed\xa0\x80",
        b"T1\tX 0 1\tx\n",
        b"E1\tX:T1 A:E1\n",
        b"R1\tX Arg1:T1 Arg2:T1\n",
    ),
)
VALUES = (
    *(
        b"-1",
        b"0",
        b"99999999",
        b"9" * 5000,
        b"1.5",
        b"null",
        b"true",
        b'"x"',
        b"[]",
        b"{}",
        b"[[]]",
        b"[1,2]",
        b"NaN",
        b"1e400",
    ),
    *(
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'""',
        b'"start"',
        b'"turns"',
        b'"tokens"',
        b'"text"',
        b'"label"',
        b'"entities"',
    ),
    *(b'"span_extras"', b'"turn_rows"', b'"columns"', b'"id"', b'"group"', b'"spans"', b'"relations"', b'"user"'),
)
MISHAPS = (_flip, _cut, _truncate, _insert, _insert, _lines, _lines, _swap_value, _swap_value, _swap_value, _encode)


def run_one(seed: int, index: int, folder: Path) -> Outcome:
    """Make one input, read it, judge what came back: its kind and its outcome."""
    rng = random.Random(f"{seed}:{index}")
    kind = "datasets" if rng.random() < 0.005 else rng.choice([name for name in FILES if name != "datasets"])
    path = folder / f"file{rng.choice(SUFFIXES[kind])}"
    shape = rng.choice((None, None, *SHAPES)) if kind == "jsonl" else None
    options = FileOptions(shape=shape, scheme=rng.choice((None, None, "BIOES", "IOB1", "IO")))
    documents, notes = make_documents(rng, "file"), Ledger()
    if kind == "brat":  # ids are file names there
        documents = [replace(document, id=document.id.replace(":", "-")) for document in documents]
    try:
        write(documents, path, kind=kind, options=options, ledger=notes)
    except DataError as error:
        return kind, f"refused to write: {error.reason[:40]}" if shape is None else "refused to write in that shape"
    if rng.random() < 0.1:
        if notes and not any(map(len, documents)):
            return kind, "valid, no words, noted"
        return kind, judge_valid(documents, read(path, kind=kind, ledger=(reading := Ledger())), notes, reading)
    victims = [path] if path.is_file() else sorted(path.rglob("*.*"))
    victim = rng.choice(victims)
    victim.write_bytes(damage(rng, victim.read_bytes()))
    chosen = rng.choice((None, kind, kind, rng.choice(list(FILES))))
    return kind, judge_damaged(path, chosen, rng, folder)


def judge_valid(written: list[Document], back: list[Document], notes: Ledger, reading: Ledger) -> str:
    """What was written is what was read, or a ledger says what isn't."""
    if notes or reading:
        return "valid, loss noted"
    if list(map(_weigh, written)) != list(map(_weigh, back)):
        pair = next(
            ((a, b) for a, b in zip(written, back, strict=False) if _weigh(a) != _weigh(b)), (len(written), len(back))
        )
        raise AssertionError(f"lost in silence:\n  written {pair[0]}\n  read    {pair[1]}")
    for before, after in zip(written, back, strict=True):
        if missing := {key for key in before.meta if before.meta[key] != after.meta.get(key)}:
            raise AssertionError(f"extras lost in silence: {missing}\n  {before}\n  {after}")
    return "valid, equal"


def _weigh(document: Document) -> tuple[object, ...]:
    """All of a document but its extras; spans and relations as sets, because their order says nothing."""
    spans = document.spans
    edges = [
        (str(spans[edge.head]), str(spans[edge.tail]), str(edge)[str(edge).index("label") :])
        for edge in document.relations
    ]
    bare = replace(document, spans=(), relations=(), fields=(), meta={})
    return bare, sorted(map(str, spans)), sorted(edges), list(map(str, document.fields))  # str shows scores, == doesn't


def judge_damaged(path: Path, kind: str | None, rng: random.Random, folder: Path) -> str:
    """Documents or a DataError that says where; what was read can be written."""
    try:
        documents = read(path, kind=kind, ledger=Ledger())
    except DataError as error:
        if error.path is None:
            raise AssertionError(f"DataError without a file: {error}") from error
        if kind in LINED and error.line is None and not error.reason.startswith(WHOLE):
            raise AssertionError(f"DataError without a line: {error}") from error
        return "DataError"
    if rng.random() < 0.3:
        target = rng.choice(list(SUFFIXES))
        try:
            write(documents, folder / f"again{SUFFIXES[target][0]}", kind=target, ledger=Ledger())
        except DataError:
            return "documents, not writable"
    return "documents"


def _raise_hang(number: int, frame: FrameType | None) -> None:
    raise Hang(f"more than {SECONDS} s")


def run_chunk(seed: int, first: int, last: int) -> tuple[Counter[Outcome], list[tuple[int, str]]]:
    """Run inputs `[first, last)`; counts by kind and outcome, and the failures with their traces."""
    signal.signal(signal.SIGALRM, _raise_hang)
    sys.set_int_max_str_digits(4300)
    warnings.simplefilter("ignore")
    counts: Counter[Outcome] = Counter()
    failures = []
    root = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=root) as name:
        for index in range(first, last):
            folder = Path(name) / str(index)
            folder.mkdir()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                counts[run_one(seed, index, folder)] += 1
            except (Exception, Hang) as error:  # everything is a finding here
                counts["?", f"FAILURE {type(error).__name__}"] += 1
                failures.append((index, traceback.format_exc()))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            shutil.rmtree(folder)
    return counts, failures


def main() -> int:
    """Run, print the table, exit 1 on any failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, help="repeat one input")
    args = parser.parse_args()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = os.environ["HF_HUB_OFFLINE"] = "1"
    console = Console()
    first, last = (args.only, args.only + 1) if args.only is not None else (0, args.count)
    starts = range(first, last, CHUNK)
    counts: Counter[Outcome] = Counter()
    failures: list[tuple[int, str]] = []
    with ProcessPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(run_chunk, args.seed, start, min(start + CHUNK, last)) for start in starts]
        for job in track(jobs, "Fuzzing", console=console):
            counted, failed = job.result()
            counts.update(counted)
            failures.extend(failed)
    table = Table("kind", "outcome", "inputs", title=f"{counts.total():,} inputs, seed {args.seed}")
    for (kind, outcome), count in sorted(counts.items()):
        table.add_row(kind, outcome, f"{count:,}")
    console.print(table)
    for index, trace in failures[:20]:
        console.print(f"python benchmarks/fuzz.py --seed {args.seed} --only {index}\n{trace}", markup=False)
    console.print(f"{len(failures)} failures", style="red" if failures else "green")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
