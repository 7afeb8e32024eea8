"""Saved labelers: written whole or not at all, reloaded and compared right after saving. Knows nothing of training."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from tagwright.backbone.builtin import LABELER_FORMS, PREFIX, find_labeler
from tagwright.backbone.reading.pretrained import advise_on_hub, is_hub_reached
from tagwright.errors import DataError, ModelError
from tagwright.formats.strings.faults import Faults
from tagwright.inference.calibrated import CALIBRATION, read_calibration, write_calibration
from tagwright.inference.runner import Runner
from tagwright.io.source import suggest_path
from tagwright.models.card import write_card
from tagwright.models.folder import ABOUT, BACKBONE, CARD, FIXTURE, WEIGHTS, read_folder, write_folder
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document

TEXTS = (
    "Ada Lovelace met Charles Babbage in London on 5 June 1833 .",
    "She wrote : « 你好 » 🙂 to him , twice .",
    "Yes",
)
Fixture = Sequence[Document] | Mapping[str, Sequence[Document]]  # by task where a labeler has several
Asked = tuple[str, Document]  # a task, empty where there is nothing to choose, and what is given of a document
PARTS = ("spans", "relations", "fields")
TOLERANCE = 1e-4  # of a score, between one load and another in float32
COARSE = 2e-2  # the same in half precision
VERSIONS = "Weights, tokenizer or library versions have changed: see `versions` in tagwright.json."


def save_labeler(
    runner: Runner,
    folder: Path,
    *,
    fixture: Fixture = (),
    name: str | None = None,
    dtype: str | None = None,
) -> None:
    """Write everything beside its place, reload it, compare predictions, then put it in its place."""
    given = _list_asked(runner, fixture)
    plain = _stand_aside(runner)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="staged-", dir=folder) as temporary:
            staged = Path(temporary)
            _write(runner, staged, name or folder.name, dtype=dtype)
            copy = _stand_aside(runner, model=read_folder(staged)[0].to(runner.device))
            _write_fixture(staged, given, expected=_label_each(plain, given))
            check_fixture(copy, staged, rounded_to=dtype)
            if dtype is not None:  # later checks are of the rounded weights, and exact again
                _write_fixture(staged, given, expected=_label_each(copy, given))
            _move(staged, folder)
    except OSError as error:
        if is_new and folder.is_dir():
            shutil.rmtree(folder)
        raise DataError(
            f"can't be written: {error.strerror or error}. Free some space or choose another folder.", path=folder
        ) from error


def _stand_aside(runner: Runner, **changes: Any) -> Runner:
    """The same, uncalibrated, for documents that nobody asked about: what it notes and counts is nobody's."""
    return replace(runner, calibration=None, ledger=Ledger(), faults=Faults(), **changes)


def _list_asked(runner: Runner, fixture: Fixture) -> list[Asked]:
    """What is given of each document of a fixture. A writer of several tasks is asked for each by its name."""
    tasks = runner.model.tasks if len(runner.model.tasks) > 1 else ("",)
    named = fixture if isinstance(fixture, Mapping) else dict.fromkeys(tasks, fixture)
    usual = [make_document(text) for text in TEXTS]
    return [
        (task, document.only(_turn_to(runner, task).model.given))
        for task in tasks
        for document in named.get(task) or usual
    ]


def _turn_to(runner: Runner, task: str) -> Runner:
    return runner.choose(task) if task else runner


def _label_each(runner: Runner, asked: Sequence[Asked]) -> list[Document]:
    """The documents, labelled for their tasks, in order."""
    found: dict[int, Document] = {}
    for task in dict.fromkeys(task for task, _ in asked):
        places = [at for at, (name, _) in enumerate(asked) if name == task]
        found.update(zip(places, _turn_to(runner, task).predict([asked[at][1] for at in places]), strict=True))
    return [found[at] for at in range(len(asked))]


def _write(runner: Runner, folder: Path, name: str, *, dtype: str | None) -> None:
    write_folder(runner.model, folder, origin=runner.origin, dtype=dtype)
    if runner.calibration is not None:
        write_calibration(runner.calibration, folder)
        if read_calibration(folder) != runner.calibration:
            raise ModelError(f"The calibration is not the same after saving: {runner.calibration.to_dict()}.")
    (folder / CARD).write_text(write_card(name, runner.model.plan, origin=runner.origin), encoding="utf-8")


def _write_fixture(folder: Path, asked: Sequence[Asked], *, expected: Sequence[Document]) -> None:
    rows = [
        {**({"task": task} if task else {}), "text": document.text, "offsets": document.offsets}
        | {**_list_given(document), **_list_found(found)}
        for (task, document), found in zip(asked, expected, strict=True)
    ]
    (folder / FIXTURE).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def _move(staged: Path, folder: Path) -> None:
    """Put our files into the folder; whatever else is in it (checkpoints, reports) stays, but for a calibration.

    The description goes first and comes last: a folder that has one is whole, whenever this is interrupted.
    """
    (folder / ABOUT).unlink(missing_ok=True)
    (folder / CALIBRATION).unlink(missing_ok=True)  # of the labeler that was there
    names = (WEIGHTS, BACKBONE, FIXTURE, CARD, CALIBRATION, ABOUT)
    for name in (name for name in names if (staged / name).exists()):
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        (staged / name).replace(target)


def check_fixture(runner: Runner, folder: Path, *, rounded_to: str | None = None) -> int:
    """Label the documents stored with a labeler and compare with the spans stored with them; gives their number.

    Scores are compared as they are before any calibration, which may stretch a rounding error.
    `rounded_to`: the spans are of the weights before they were rounded to this precision.
    """
    path = folder / FIXTURE
    if not path.is_file():
        raise ModelError(f"{path} is missing, so the labeler can't be checked. Save it again.")
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        asked = [_read_asked(row) for row in rows]
    except (ValueError, KeyError, TypeError, DataError) as error:
        raise ModelError(f"{path} can't be read ({error}). The folder is damaged: copy it or save it again.") from error
    tolerance = TOLERANCE if runner.is_exact and rounded_to is None else COARSE
    for row, found in zip(rows, _label_each(_stand_aside(runner), asked), strict=True):
        listed = _list_found(found)
        for part in PARTS:
            wanted, said = row.get(part, []), listed.get(part, [])  # a part that is empty need not be there
            if _agree(wanted, said, tolerance):
                continue
            raise ModelError(
                f"The labeler in {folder} does not predict what it did when it was saved: for {row['text'][:60]!r} "
                f"the {part} {wanted[:3]} were expected, {said[:3]} came out. "
                + (VERSIONS if rounded_to is None else f"Its weights don't bear {rounded_to}: save it as trained.")
            )
    return len(rows)


def _list_spans(document: Document) -> list[list[Any]]:
    return [[span.start, span.end, span.label, span.score] for span in document.spans]


def _list_given(document: Document) -> dict[str, list[list[Any]]]:
    turns = [[turn.speaker, turn.start, turn.end] for turn in document.turns]
    return {"given": _list_spans(document), **({"turns": turns} if turns else {})}


def _list_found(document: Document) -> dict[str, list[list[Any]]]:
    relations = [[edge.head, edge.tail, edge.label, edge.score] for edge in document.relations]
    fields = [[each.name, list(each.values), each.turn, each.score] for each in document.fields]
    return {"spans": _list_spans(document), "relations": relations, **({"fields": fields} if fields else {})}


def _read_asked(row: dict[str, Any]) -> Asked:
    return (str(row["task"]) if "task" in row else ""), _read_given(row)


def _read_given(row: dict[str, Any]) -> Document:
    text, offsets = row["text"], tuple((start, end) for start, end in row["offsets"])
    turns = tuple(Turn(*turn) for turn in row.get("turns", []))
    return Document(text, offsets, tuple(Span(*span) for span in row.get("given", [])), turns=turns)


def _agree(expected: list[list[Any]], found: list[list[Any]], tolerance: float) -> bool:
    """The same, with the same scores; given spans may have none."""
    same = [one[:3] for one in expected] == [one[:3] for one in found]
    pairs = ((one[3] or 0, two[3] or 0) for one, two in zip(expected, found, strict=True))
    return same and all(abs(one - two) <= tolerance for one, two in pairs)


def find_folder(path: str | Path, *, revision: str | None = None) -> Path:
    """The local folder of a labeler: a built-in one's, the path itself or, if there is none, a copy from the hub."""
    if str(path).startswith(PREFIX):
        return find_labeler(str(path))
    return Path(path) if Path(path).is_dir() else _fetch(str(path), revision)


def _fetch(name: str, revision: str | None) -> Path:
    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=not is_hub_reached()))
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError) as error:
        said = str(error).strip() or type(error).__name__
        near = suggest_path(Path(name))
        hint = advise_on_hub(name, said) or f"The model hub gave nothing of that name: {said.splitlines()[0]}"
        raise ModelError(
            f"There is no folder {name}.{near}\n{hint}\n"
            f"Give {LABELER_FORMS}; `tagwright train --out` writes such a folder, and a hub id looks like org/name."
        ) from error


def push_labeler(runner: Runner, name: str, *, private: bool) -> str:
    """Save into a temporary folder and upload it."""
    api = HfApi()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / name.split("/")[-1]
        save_labeler(runner, folder, name=name)
        api.create_repo(name, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=name, folder_path=folder))
