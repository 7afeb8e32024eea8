"""Every real document goes through every format and comes back as it was, but for what a format can't hold."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from format_trips import list_unheld, say, settle_fields, travel
from tagwright.backbone.builtin import find_backbone
from tagwright.evaluation.report import evaluate
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.strings.faults import Faults
from tagwright.io.files import read
from tagwright.text.document import Document

SETS = {
    "joint-er": ("conll04",),
    "relation": ("semeval2010_task8",),
    "srl": ("ewt_srl",),
    "events": ("ewt_srl", "litbank_events"),  # predicates as triggers; triggers without arguments
    "dst": ("sgd_sample", "multiwoz21"),
    "slots": ("snips",),
    "pos": ("ud_af_afribooms", "ud_en_ewt", "ud_vi_vtb"),
    "ner": (
        "crossner_ai",
        "crossner_music",
        "crossner_politics",
        "crossner_science",
        "litbank_entities",
        "litbank_events",
        "ncbi_disease",
        "uner_da_ddt",
        "uner_zh_gsd",
        "wnut17",
    ),
}
CASES = [(task, name) for task, names in SETS.items() for name in names]
SOME = 200  # documents of each corpus, or about
VARIANTS = "further value of a field: one that was said is written"  # any of them is right, so nothing is lost


@cache
def make_lexicon() -> Lexicon:
    return Lexicon(AutoTokenizer.from_pretrained(str(find_backbone("builtin:tiny-t5"))))


def read_all(folder: Path) -> Iterator[Document]:
    kind = "jsonl" if list(folder.glob("test.jsonl")) else "conll"
    for path in sorted(folder.glob(f"*.{kind}")):
        if path.stem in ("train", "dev", "test"):
            yield from read(path)


def test_no_set_is_forgotten(shared: Path) -> None:
    sets = {path.name for path in (shared / "data").iterdir() if path.is_dir()}
    assert sets == {name for _, name in CASES}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("task", "name"), CASES)
def test_round_trip(
    shared: Path, task: str, name: str, kind: str, record_property: Callable[[str, object], None]
) -> None:
    if not TASKS[task].predicts <= FORMATS[kind].holds:
        pytest.skip(f"{kind} says that it can't hold {task}")
    documents = list(read_all(shared / "data" / name))
    format = FORMATS[kind](TASKS[task], TASKS[task].learn(documents))
    counts, unheld, faults = Counter[str](), Counter[str](), Faults()
    found_ones = []
    for document in documents:
        ledger, found = list_unheld(format, [document]), travel(format, document, faults)
        found_ones.append(found)
        lost = Counter(ledger.counts) - Counter({VARIANTS: ledger.counts.get(VARIANTS, 0)})
        unheld += lost
        same = say(settle_fields(document, found), format.task) == say(found, format.task)
        counts["documents"] += 1
        counts["exact"] += same
        counts["held"] += not lost
        assert same or lost, document.id
    assert not faults.cases, list(faults.lines())
    report = evaluate(documents, found_ones)
    for key, value in {**counts, "unheld": dict(unheld), report.headline_name: report.headline}.items():
        record_property(key, value)
    if counts["held"] == counts["documents"]:
        assert report.headline == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("task", "name"), CASES)
def test_every_target_is_within_reach_of_the_grammar(shared: Path, task: str, name: str, kind: str) -> None:
    """Of some documents of each corpus, by the tokens of a shipped model; no frame there is deeper than grammars go."""
    if not TASKS[task].predicts <= FORMATS[kind].holds:
        pytest.skip(f"{kind} says that it can't hold {task}")
    documents = list(read_all(shared / "data" / name))
    format, lexicon = FORMATS[kind](TASKS[task], TASKS[task].learn(documents)), make_lexicon()
    for document in documents[:: max(1, len(documents) // SOME)]:
        for pair in format.write(document):
            grammar = Grammar(format.describe(document, pair.part), lexicon)
            assert grammar.accepts(lexicon.encode(pair.target)), (document.id, pair.target)
