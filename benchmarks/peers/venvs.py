"""Other libraries in environments of their own: made where they are missing, run in turn. Imports none of them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
INSTALL_LIMIT, RUN_LIMIT = 1800, 1800  # seconds
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """`script` in this folder runs in the environment `name`, which holds `packages`; `note` says what it computes."""

    name: str
    script: str
    packages: tuple[str, ...]
    note: str


PEERS = (
    Peer("onnx", "onnx_ort.py", ("transformers==5.23.0", "onnx==1.23.2", "onnxscript", "onnxruntime"), "same weights"),
    Peer("optimum", "optimum_ort.py", ("optimum-onnx[onnxruntime]",), "same weights"),
    Peer("flair", "flair_tagger.py", ("flair", "transformers<5"), "fresh head"),
    Peer("spacy", "spacy_ner.py", ("spacy", "spacy-transformers"), "fresh head"),
    Peer("spacycurated", "spacy_ner.py", ("spacy", "spacy-curated-transformers", "transformers<5"), "fresh head"),
    Peer("gliner", "gliner_uni.py", ("gliner",), "fresh head"),
    Peer("spanmarker", "spanmarker.py", ("span_marker", "transformers<5"), "fresh head"),
)


class PeerError(Exception):
    """A peer can't be installed or run; says why."""


def run_peers(task: Mapping[str, Any], venvs: Path) -> Iterator[Row]:
    """One row for each way of running each peer; a row with `reason` for one that does not run."""
    with TemporaryDirectory() as name:
        path = Path(name) / "task.json"
        path.write_text(json.dumps(task), encoding="utf-8")
        for peer in PEERS:
            try:
                python = _prepare(peer, venvs)
                rows = _run(peer, python, path)
            except PeerError as error:
                rows = [{"name": peer.name, "reason": str(error)}]
            yield from ({"note": peer.note, **row} for row in rows)


def _prepare(peer: Peer, venvs: Path) -> Path:
    """The interpreter of the peer's environment. torch first: it fixes the build that the others then keep."""
    folder = venvs / peer.name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    unfinished = folder / "unfinished"
    if python.exists() and not unfinished.exists():
        return python
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    _call([sys.executable, "-m", "venv", str(folder)], limit=INSTALL_LIMIT)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pin = HERE / "constraints.txt"
    _call([*pip, "-c", str(pin), "torch"], limit=INSTALL_LIMIT)
    _call([*pip, "-c", str(pin), *peer.packages], limit=INSTALL_LIMIT)
    unfinished.unlink()
    return python


def _run(peer: Peer, python: Path, task: Path) -> list[Row]:
    threads = str(json.loads(task.read_text(encoding="utf-8"))["threads"])
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": threads}
    output = _call([str(python), str(HERE / peer.script), str(task)], limit=RUN_LIMIT, extra=quiet)
    rows = [json.loads(line) for line in output.splitlines() if line.startswith('{"name"')]
    if not rows:
        raise PeerError("it printed no result")
    return rows


def _call(command: list[str], *, limit: int, extra: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, **(extra or {})}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"{Path(command[0]).name} did not finish: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise PeerError(f"{' '.join(command[1:4])}: {lines[-1] if lines else 'no message'}")
    return done.stdout
