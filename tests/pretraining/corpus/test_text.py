"""Plain text: what a document is, every packing, data sets, and what is said of sources that can't be read."""

import gzip
import sys
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tagwright.errors import DataError
from tagwright.pretraining.corpus.text import PlainText, read_plain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    datasets = pytest.importorskip("datasets", reason="the extra [hub] is not installed")

Packer = Callable[[bytes], bytes]

TEXT = "Call me Ishmael.\nSome years ago.\n\nIt was the best of times.\n"
BOTH = [("Call me Ishmael.", "Some years ago."), ("It was the best of times.",)]


def read_paragraphs(*sources: Path | str) -> list[tuple[str, ...]]:
    return [document.paragraphs for document in read_plain([str(source) for source in sources])]


def test_an_empty_line_parts_documents(tmp_path: Path) -> None:
    (tmp_path / "novels.train.txt").write_text(TEXT)
    first, second = read_plain([str(tmp_path / "novels.train.txt")])
    assert first == PlainText("novels.train:1", ("Call me Ishmael.", "Some years ago."))
    assert first.text == "Call me Ishmael.\nSome years ago."
    assert second == PlainText("novels.train:2", ("It was the best of times.",))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.rstrip("\n").encode(),
        b"\n \n" + TEXT.replace("\n\n", "\n\n\t\n\n").encode() + b"\n\n",
    ],
    ids=["mark", "crlf", "no last end", "more blank lines"],
)
def test_forms_of_one_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    documents = list(read_plain([str(tmp_path / "a.txt")]))
    assert [document.paragraphs for document in documents] == BOTH
    assert [document.name for document in documents] == ["a:1", "a:2"]


def test_only_line_feeds_end_a_paragraph(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\u2028still\x0cone\x85and \ufeff\n", "utf-8")
    assert read_paragraphs(tmp_path / "a.txt") == [("one\u2028still\x0cone\x85and \ufeff",)]


def test_packed_files_are_told_by_how_they_begin(tmp_path: Path) -> None:
    packed = {"a.txt.gz": gzip.compress(TEXT.encode()), "a.txt.zst": zstandard.compress(TEXT.encode())}
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        (tmp_path / "misnamed.txt").write_bytes(data)
        assert [document.name for document in read_plain([str(tmp_path / name)])] == ["a:1", "a:2"]
        assert read_paragraphs(tmp_path / name) == read_paragraphs(tmp_path / "misnamed.txt") == BOTH


def test_zstd_files_of_several_frames_are_read_to_their_end(tmp_path: Path) -> None:
    pieces = [TEXT.encode()[:7], TEXT.encode()[7:30], b"", TEXT.encode()[30:]]
    (tmp_path / "a.zst").write_bytes(b"".join(map(zstandard.compress, pieces)))
    assert read_paragraphs(tmp_path / "a.zst") == BOTH


def test_a_packed_file_is_never_held_whole(tmp_path: Path) -> None:
    text = "".join(f"{number**9} green bottles.\n\n" for number in range(40_000)).encode()
    for name, data in {"a.gz": gzip.compress(text, 1), "a.zst": zstandard.compress(text)}.items():
        (tmp_path / name).write_bytes(data)
        documents = read_plain([str(tmp_path / name)])
        next(documents)
        tracemalloc.start()
        assert sum(1 for _ in documents) == 39_999
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < len(text) / 4, name


def test_globs_are_sorted_and_sources_come_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.txt").write_text(name)
    (tmp_path / "d.txt").mkdir()
    (tmp_path / "x[1].txt").write_text("named like a glob")
    assert read_paragraphs(tmp_path / "?.txt") == [("a",), ("b",), ("c",)]
    assert read_paragraphs(tmp_path / "c.txt", tmp_path / "[ab].txt") == [("c",), ("a",), ("b",)]
    assert read_paragraphs(tmp_path / "x[1].txt") == [("named like a glob",)]


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n \n")
    (tmp_path / "b.txt").write_text("")
    assert read_paragraphs(tmp_path / "*.txt") == []


def test_a_source_that_is_not_there_fails_first(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    with pytest.raises(DataError, match="b.txt: There is no such file. Give a file or a glob"):
        next(read_plain([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]))
    with pytest.raises(DataError, match="No file matches this glob"):
        next(read_plain([str(tmp_path / "*.text")]))
    with pytest.raises(DataError, match="It is a folder. Name its files"):
        next(read_plain([str(tmp_path)]))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_bytes_that_are_not_utf8_have_file_and_line(tmp_path: Path, pack: Packer) -> None:
    (tmp_path / "a.txt").write_bytes(pack(b"fine\n\ncaf\xe9 noir\n"))
    with pytest.raises(DataError, match="Byte 0xe9 is not UTF-8") as caught:
        read_paragraphs(tmp_path / "a.txt")
    assert (caught.value.path, caught.value.line) == (tmp_path / "a.txt", 3)


CHECKED = zstandard.ZstdCompressor(write_checksum=True)


@pytest.mark.parametrize(("pack", "kind"), [(gzip.compress, "gzip'd"), (CHECKED.compress, "zstd")])
def test_damaged_files(tmp_path: Path, pack: Packer, kind: str) -> None:
    whole = pack("".join(f"{number**7}\n" for number in range(9000)).encode())
    (tmp_path / "a.txt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=f"{kind} file is .*cut off"):
        read_paragraphs(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes(whole[:99] + bytes(50) + whole[149:])
    with pytest.raises(DataError, match=f"a.txt: The {kind} file is damaged"):
        read_paragraphs(tmp_path / "a.txt")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zst").write_bytes(zstandard.compress(b"a"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(DataError, match="a.zst: .*pip install zstandard"):
        read_paragraphs(tmp_path / "a.zst")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install 'tagwright\[hub\]'"):
        read_paragraphs("hub:org/name")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Two parts, as the datasets library saves them."""
    rows = {"text": ["one\r\n\ntwo\n", "", None, "three"], "title": ["A", "B", "C", "D"], "size": [1, 2, 3, 4]}
    parts = {"train": datasets.Dataset.from_dict(rows), "test": datasets.Dataset.from_dict({"text": ["four"]})}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "rows"))
    return tmp_path / "rows"


def test_each_row_of_a_data_set_is_a_document(saved: Path) -> None:
    rows = [PlainText("rows:1", ("one", "two")), PlainText("rows:4", ("three",))]
    assert list(read_plain([f"hub:{saved}:train"])) == rows
    assert read_paragraphs(f"hub:{saved}:train:title") == [("A",), ("B",), ("C",), ("D",)]
    assert read_paragraphs(saved / "test") == read_paragraphs(f"hub:{saved}/test") == [("four",)]
    assert read_paragraphs(f"hub:{saved}/train::title") == [("A",), ("B",), ("C",), ("D",)]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("hub:{0}", "No part None in it. Say which of 'train', 'test'"),
        ("{0}", "No part None in it"),
        ("hub:{0}:dev", "No part 'dev' in it"),
        ("hub:{0}/train:dev", "It has no parts, so there is no 'dev'"),
        ("hub:{0}:train:body", "It has no column 'body'. Say which of text, title, size"),
        ("hub:{0}:train:size", "Row 1 of column 'size' is 1, expected text"),
        ("hub:{0}/..", "Can't be loaded"),
    ],
)
def test_what_is_said_of_data_sets(saved: Path, source: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read_paragraphs(source.format(saved))
