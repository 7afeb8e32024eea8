"""Predictor: the labeler that users hold. Runs, saves, loads, uploads. Knows nothing of training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagwright.inference.runner import Input, Runner, RunnerConfig
from tagwright.inference.saved import check_fixture, find_folder, push_labeler, save_labeler
from tagwright.models.folder import read_folder
from tagwright.text.document import Document


@dataclass
class Predictor(Runner):
    """What `tagwright.load` and `tagwright.train` return.

    labeler("Text")                    a list of span dicts: start, end, label, text, score
    labeler.predict(documents)         documents in, documents out; see Runner for more
    labeler.save_pretrained(folder)    and Predictor.from_pretrained(folder)
    """

    def save_pretrained(self, folder: str | Path, *, fixture: Sequence[Document] = ()) -> None:
        """Save everything into one folder, reload it and make sure that it predicts the same.

        `fixture`: a few documents whose predictions are stored with the labeler, to be checked after any load.
        """
        save_labeler(self, Path(folder), fixture=fixture)

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        *,
        revision: str | None = None,
        dtype: str | None = None,
        check: bool = False,
        config: RunnerConfig | None = None,
    ) -> "Predictor":
        """Load a saved labeler from a folder or the model hub.

        `dtype` ("bfloat16") changes the precision it runs in; `check` compares it with its stored fixture.
        """
        folder = find_folder(path, revision=revision)
        labeler = cls(*read_folder(folder, dtype=dtype), config=config or RunnerConfig())
        if check:
            check_fixture(labeler, folder)
        return labeler

    def push_to_hub(self, name: str, *, private: bool = True) -> str:
        """Upload the labeler to the model hub; gives its address."""
        return push_labeler(self, name, private=private)


def load(path: str | Path, *, dtype: str | None = None, check: bool = False) -> Predictor:
    """Load a saved labeler from a folder or the model hub. See Predictor.from_pretrained."""
    return Predictor.from_pretrained(path, dtype=dtype, check=check)


def predict(path: str | Path, documents: Iterable[Input]) -> list[Document]:
    """Label documents (or texts, or lists of words) with a saved labeler."""
    return load(path).predict(documents)
