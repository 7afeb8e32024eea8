"""Scores beside seqeval, conlleval's rules and nervaluate on random tags and spans: exact equality or exit status 1.

    python benchmarks/parity.py [--count 10000] [--json FILE]

Lenient reading is held to seqeval's default mode and to conlleval, strict reading to seqeval's mode="strict"
(which has no IO). Tags are legal half of the time; precision, recall and F1 are compared pair by pair, bit by bit.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from score_references import (
    LABELS,
    NERVALUATE,
    STRICT,
    Triple,
    count_conlleval,
    draw_pair,
    draw_spans,
    make_document,
    score_nervaluate,
    score_seqeval,
)
from tagwright.evaluation.report import evaluate
from tagwright.text.schemes import SCHEMES

SEED = 2026
Row = tuple[str, str, int, int]
Tags = list[str]


def score_ours(name: str, pair: tuple[Tags, Tags], *, strict: bool) -> Triple:
    decode = SCHEMES[name].decode
    gold, predicted = (make_document(decode(tags, strict=strict), length=len(tags)) for tags in pair)
    scores = evaluate([gold], [predicted]).groups["exact"].micro
    return scores.precision, scores.recall, scores.f1


def count_differences(name: str, count: int, *, strict: bool, theirs: Callable[[Tags, Tags], Triple]) -> int:
    drawn = random.Random(f"{SEED} {name}")
    pairs = (draw_pair(name, drawn) for _ in range(count))
    return sum(score_ours(name, pair, strict=strict) != theirs(*pair) for pair in pairs)


def compare_schemes(count: int) -> list[Row]:
    rows = []
    for name in ("IO", "IOB1", "BIO", "BIOES"):
        lenient = {
            "seqeval, default mode": score_seqeval,
            "conlleval's rules": lambda gold, predicted: tuple(count_conlleval(gold, predicted).rates),
        }
        for peer, theirs in lenient.items():
            rows.append((name, peer, count, count_differences(name, count, strict=False, theirs=theirs)))
        if name in STRICT:
            differences = count_differences(
                name,
                count,
                strict=True,
                theirs=lambda gold, predicted, name=name: score_seqeval(gold, predicted, strict=name),
            )
            rows.append((name, 'seqeval, mode="strict"', count, differences))
    return rows


def compare_modes(count: int) -> list[Row]:
    """nervaluate's four modes, document by document, over all labels and each."""
    drawn, differences = random.Random(SEED), dict.fromkeys(NERVALUATE, 0)
    for _ in range(count):
        length = drawn.randint(1, 20)
        gold, predicted = (make_document(draw_spans(drawn, length=length), length=length) for _ in range(2))
        theirs, ours = score_nervaluate([gold], [predicted]), evaluate([gold], [predicted])
        for mode in NERVALUATE:
            scores = ours.groups[mode]
            mine = {None: tuple(scores.micro.rates)}
            mine |= {label: tuple(scores.labels[label].rates) for label in LABELS if label in scores.labels}
            differences[mode] += mine != theirs[mode]
    return [(mode, f"nervaluate, {NERVALUATE[mode]}", count, found) for mode, found in differences.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="pairs per line of the table")
    parser.add_argument("--json", type=Path, help="write the table here too")
    asked = parser.parse_args()
    rows = compare_schemes(asked.count) + compare_modes(asked.count)
    print(f"{'ours':<10}{'theirs':<26}{'pairs':>8}{'different':>11}")
    for ours, theirs, pairs, different in rows:
        print(f"{ours:<10}{theirs:<26}{pairs:>8}{different:>11}")
    if asked.json:
        names = ("ours", "theirs", "pairs", "different")
        asked.json.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2) + "\n")
    return int(any(row[3] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
