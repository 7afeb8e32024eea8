"""The command as a whole: quick help, one message for an error, the trace for who asks for it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tagwright.cli.main import main
from tagwright.errors import DataError

COMMAND = [sys.executable, "-c", "from tagwright.cli.main import main; main()"]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of the command."""
    monkeypatch.setattr(sys, "argv", ["tagwright", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_help_is_quick_and_loads_no_torch() -> None:
    times = []
    for _ in range(3):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
    assert "evaluate" in shown.stdout
    assert min(times) < 1.5  # 0.3 s on an idle machine; the promise is 0.5 s
    code = (
        "import sys; from tagwright.cli.main import app; print({'torch', 'transformers', 'numpy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_an_error_is_its_message_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "inspect", str(tmp_path / "gone.conll")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Error: ")
    assert "There is no such file" in shown.err
    assert "Traceback" not in shown.err


def test_a_stopped_run_is_told_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tagwright.cli.train.run_all", stop)
    assert call(monkeypatch, "train", "--train", "synthetic:ner", "--out", str(tmp_path)) == 130
    assert "Stopped. The same command with --resume" in capsys.readouterr().err


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["tagwright", "--debug", "inspect", str(tmp_path / "gone.conll")])
    with pytest.raises(DataError):
        main()


@pytest.mark.parametrize("arguments", [["compare", "a", "b"], ["evaluate", "a", "--jsn", "x"], ["labell"]])
def test_a_wrong_command_line_is_refused(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    assert call(monkeypatch, *arguments) == 2


def test_a_place_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gold = tmp_path / "gold.conll"
    gold.write_text("Ada\tB-PER\n\n", encoding="utf-8")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert call(monkeypatch, "convert", str(gold), str(tmp_path / "file" / "out.jsonl")) == 2
    assert "file is no folder. Make it, or choose another place" in capsys.readouterr().err


CALLS = """
import sys
from pathlib import Path
from tagwright.cli.main import main

Path("used").mkdir()
Path("used/tagwright.json").write_text('{"writer": {"task": "ner, srl"}}')
Path("new.txt").write_text("Ada")
for call in (
    "predict used gone.txt", "predict used new.txt --cover", "predict used new.txt --task slr",
    "evaluate gone.txt --model used", "evaluate new.txt --model used --task slr", "calibrate used gone.txt",
    "calibrate used new.txt --out used", "export used used", "train --train new.txt --out used",
    "train --train gone.conll --out runs/new",
):
    sys.argv = ["tagwright", *call.split()]
    try:
        main()
    except SystemExit as stop:
        print(call, stop.code, sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_mistakes_that_show_at_once_are_told_before_libraries_load(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, text=True, cwd=tmp_path)
    calls = done.stdout.splitlines()
    assert len(calls) == 10 and all(call.endswith(" 2 []") for call in calls), done.stdout
    assert done.stderr.count("has no task 'slr'. Did you mean 'srl'?") == 2
    assert "used already holds a run. Use --resume" in done.stderr
    assert done.stderr.count("There is no such file or folder") == 4
