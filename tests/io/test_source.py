"""Source: decoding, zipped files, line numbers, and writing whole or not at all."""

import gzip
import os
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.source import read_head, read_text, scan_lines, write_text


def test_lines_lose_their_ends_and_the_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n\nlast")
    assert list(scan_lines(path)) == [(1, "one"), (2, "two"), (3, ""), (4, "last")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffhéé".encode(encoding))
    assert read_text(path) == "héé"


def test_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(gzip.compress("é\n".encode()))
    assert list(scan_lines(path)) == [(1, "é")]
    path.write_bytes(gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(DataError, match="damaged or cut off"):
        read_text(path)


def test_bad_bytes_are_named_with_line_offset_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_bytes(b"x" * 20_000 + b"\ncaf\xe9 O\n")
    with pytest.raises(DataError, match=r"a\.conll:2: Byte 0xe9 at offset 20004 is not utf-8.*latin-1") as caught:
        read_text(path)
    assert caught.value.line == 2
    assert read_text(path, "latin-1").endswith("café O\n")


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_text(tmp_path / "absent")
    with pytest.raises(DataError, match="directory"):
        read_head(tmp_path)
    (tmp_path / "a").write_text("x")
    with pytest.raises(DataError, match="No encoding is called 'utf-9'"):
        read_text(tmp_path / "a", "utf-9")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(KeyError), write_text(path) as text:
        text.write("half")
        raise KeyError
    with pytest.raises(DataError, match=r"utf-8 has no '\\ud800'"), write_text(path) as text:
        text.write("half \ud800")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_written_files_are_complete_and_zipped_by_suffix(tmp_path: Path) -> None:
    for name in ("a.txt", "a.txt.gz"):
        with write_text(tmp_path / name) as text:
            text.write("\ufeffé\n")  # U+FEFF is text here, and must not be taken for a byte order mark
        assert read_text(tmp_path / name) == "\ufeffé\n"
    assert (tmp_path / "a.txt.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with write_text(tmp_path / "link") as text:
        text.write("new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_an_error_with_the_path() -> None:
    with (
        pytest.raises(DataError, match=r"/dev/full: Can't be written: No space left"),
        write_text(Path("/dev/full")) as text,
    ):
        text.write("x" * 100_000)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="Can't be written: No such file"), write_text(tmp_path / "absent" / "a.txt"):
        pass

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # file modes don't stop a superuser, whom tests may run as
    with pytest.raises(DataError, match=r"a\.txt: Can't be written: Permission denied"), write_text(tmp_path / "a.txt"):
        pass
