"""Files: kinds found by name and by look, warnings and ledgers, conversion, and every pair of kinds."""

import json
import warnings
from pathlib import Path

import pytest

from tagwright.errors import DataError, RecipeError
from tagwright.io.files import FILES, choose_kind, convert, detect_kind, read, scan, write
from tagwright.io.kind import FileOptions
from tagwright.io.shapes import SHAPES
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.text.words import make_document

CONLL = "in\tO\nRome\tB-LOC\n\n"
ROW = '{"text": "in Rome", "spans": [[3, 7, "LOC"]]}\n'
STUDIO = json.dumps([{"data": {"text": "in Rome"}, "annotations": []}])


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.conll", CONLL, "conll"),
        ("a.iob2", "in NOUN\n", "conll"),
        ("a.txt", CONLL, "conll"),
        ("a.tsv", CONLL, "conll"),
        ("a", CONLL, "conll"),
        ("a.conll.gz", CONLL, "conll"),
        ("a.txt", "-DOCSTART- -X- O\n\nin X O\n", "conll"),
        ("a.csv", "id,text\n1,a\n", "csv"),
        ("a.csv", "odd,names\n1,a\n", "csv"),
        ("a.tsv", "word\ttag\nin\tO\n", "tsv"),
        ("a.dat", "word\ttag\nin\tO\n", "conll"),
        ("a.jsonl", ROW, "jsonl"),
        ("a.json", f"[{ROW}]", "jsonl"),
        ("a", ROW, "jsonl"),
        ("a.json", STUDIO, "labelstudio"),
        ("a.jsonl", STUDIO[1:-1], "labelstudio"),
        ("a.txt", "Some prose here.\nAnd more of it, longer.\n", "text"),
        ("a.ann", "T1\tX 0 1\ta\n", "brat"),
    ],
)
def test_the_kind_is_found(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).write_text(content)
    found = detect_kind(tmp_path / name)
    assert found.kind == kind and found.reason


def test_what_is_unknown_is_answered_with_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("Some prose here.\nAnd more of it.\n")
    with pytest.raises(DataError, match=r"a\.dat: It is of no kind .* Name one of datasets, brat, .*conll.*text"):
        read(tmp_path / "a.dat")
    with pytest.raises(DataError, match="no kind"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"ending '\.dat' says no kind of file. Use one of .*\.conll.*datasets"):
        write([], tmp_path / "b.dat")
    with pytest.raises(RecipeError, match="No kind of file is called 'conl'. Did you mean 'conll'"):
        read(tmp_path / "a.dat", kind="conl")
    with pytest.raises(DataError, match="There is no such file"):
        read(tmp_path / "absent.conll")


@pytest.mark.parametrize("content", ["", "\ufeff", "\n \n"])
@pytest.mark.parametrize("name", ["a.conll", "a.csv", "a.tsv", "a.jsonl", "a.json", "a.txt"])
def test_empty_files_say_so(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    for kind in (None, choose_kind(Path(name))):
        with pytest.raises(DataError, match=f"{name}: The file is empty"):
            read(tmp_path / name, kind=kind)


def test_files_without_documents_say_so(tmp_path: Path) -> None:
    for name, content in (("a.json", "[]"), ("a.csv", "word,tag\n"), ("a.conll", "# id = x\n")):
        (tmp_path / name).write_text(content)
        with warnings.catch_warnings(), pytest.raises(DataError, match="holds no document"):
            read(tmp_path / name, kind=choose_kind(Path(name)))


def test_one_warning_tells_all_losses_unless_a_ledger_takes_them(tmp_path: Path) -> None:
    nested = Document.from_words(["a", "b"], spans=(Span(0, 2, "X"), Span(0, 1, "Y", 0.5)), id="x:1")
    with pytest.warns(UserWarning, match=r"x\.conll was written; not everything could be held:\n  1 x score") as caught:
        write([nested], tmp_path / "x.conll")
    assert len(caught) == 1 and caught[0].filename == __file__
    write([nested], tmp_path / "x.jsonl")
    with pytest.warns(UserWarning, match=r"x\.jsonl was converted to .*y\.conll"):
        assert convert(tmp_path / "x.jsonl", tmp_path / "y.conll") == 1
    ledger = Ledger()
    convert(tmp_path / "x.jsonl", tmp_path / "y.conll", ledger=ledger)
    assert ledger.total == 2
    (tmp_path / "z.conll").write_text("a O\nb I-X\n\nc B-X\nd B-X\n")
    with pytest.warns(UserWarning, match="z.conll was read"):
        list(scan(tmp_path / "z.conll"))


def test_convert_takes_options_for_both_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("B-LOC Rome\n")
    options = FileOptions(word_column=1, tag_column=0)
    target = FileOptions(shape="gliner")
    ends = {"source_kind": "conll", "target_kind": "jsonl", "source_options": options, "target_options": target}
    convert(tmp_path / "a.txt", tmp_path / "b", **ends)  # type: ignore[arg-type]
    assert json.loads((tmp_path / "b").read_text()) == {"tokenized_text": ["Rome"], "ner": [[0, 0, "LOC"]]}


def test_a_failed_conversion_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ROW + "broken\n")
    with pytest.raises(DataError, match=r"a\.jsonl:2"):
        convert(tmp_path / "a.jsonl", tmp_path / "b.conll")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


PLAIN = make_document("Ann in Rome", spans=(Span(0, 1, "PER"), Span(2, 3, "LOC")), id="a")


@pytest.mark.parametrize("kind", [name for name in FILES if name not in ("text", "datasets")])
def test_plain_spans_survive_every_kind(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data"
    write([PLAIN], path, kind=kind, ledger=(ledger := Ledger()))
    (back,) = read(path, kind=kind, ledger=ledger)
    assert (back.text, back.offsets, back.spans, back.id) == (PLAIN.text, PLAIN.offsets, PLAIN.spans, PLAIN.id)
    assert not ledger


@pytest.mark.parametrize("shape", [name for name in SHAPES if name not in ("turns", "exchanges")])
def test_plain_spans_survive_every_shape(tmp_path: Path, shape: str) -> None:
    ledger = Ledger()
    write([PLAIN], tmp_path / "a.jsonl", options=FileOptions(shape=shape), ledger=ledger)
    (back,) = read(tmp_path / "a.jsonl", ledger=ledger)
    if shape == "predicates":  # every labelled span is a predicate there
        assert [span.label for span in back.spans] == ["PER", "LOC"]
    assert (back.text, back.spans, back.id) == (PLAIN.text, PLAIN.spans, PLAIN.id) and not ledger


CORPORA = {
    "conll04": "entities",
    "semeval2010_task8": "entities",
    "litbank_entities": "entities",
    "ewt_srl": "predicates",
    "multiwoz21": "exchanges",
    "sgd_sample": "turns",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", [None, "own"])
def test_real_rows_come_back(shared: Path, tmp_path: Path, shape: str | None) -> None:
    for corpus, own in CORPORA.items():
        for source in sorted((shared / "data" / corpus).glob("*.jsonl")):
            documents, target = read(source), tmp_path / source.name
            write(documents, target, options=FileOptions(shape=shape and own))
            assert read(target) == documents, source
            if shape:
                rows = [list(map(json.loads, path.read_text("utf-8").splitlines())) for path in (source, target)]
                assert rows[0] == rows[1], source


@pytest.mark.slow
def test_real_columns_come_back(shared: Path, tmp_path: Path) -> None:
    sources = sorted((shared / "data").glob("*/*.conll"))
    assert len(sources) > 30
    for source in sources:
        documents = read(source)
        write(documents, tmp_path / source.name)
        assert read(tmp_path / source.name) == documents, source


def test_a_name_that_is_nearly_there_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=r"There is no such file or folder. Did you mean '.*train\.csv'\?"):
        read(tmp_path / "trian.csv")
    with pytest.raises(DataError, match=r"no such file or folder. Nor is there a folder '.*absent'"):
        read(tmp_path / "absent" / "train.csv", kind="csv")
    with pytest.raises(DataError, match=r"no such file or folder\.$"):
        read(tmp_path / "quite_other.jsonl")
