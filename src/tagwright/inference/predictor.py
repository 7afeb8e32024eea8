"""Predictor: the labeler that users hold. Runs, saves, loads, uploads. Knows nothing of training."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tagwright.evaluation.calibration.fit import FitConfig, Fitted
from tagwright.inference.calibrated import calibrate, read_calibration
from tagwright.inference.runner import Input, Runner, RunnerConfig
from tagwright.inference.saved import Fixture, check_fixture, find_folder, push_labeler, save_labeler
from tagwright.models.folder import read_folder
from tagwright.text.document import Document


@dataclass(repr=False)
class Predictor(Runner):
    """What `tagwright.load` and `tagwright.train` return.

    labeler("Text")                    a list of span dicts: start, end, label, text, score
    labeler.predict(documents)         documents in, documents out; see Runner for more
    labeler.calibrate(documents)       from now on, scores are probabilities; saved with the labeler
    labeler.save_pretrained(folder)    and Predictor.from_pretrained(folder)
    """

    def calibrate(self, documents: Iterable[Document], **how: Any) -> Fitted:
        """Make scores probabilities, by labelled documents that it was not trained on; gives what that is worth.

        `how` are the fields of `FitConfig`: method; precision or recall of what is kept; coverage, most_added.
        """
        fitted = calibrate(self, documents, config=FitConfig(**how))
        self.calibration = fitted.calibration
        return fitted

    def save_pretrained(self, folder: str | Path, *, fixture: Fixture = (), dtype: str | None = None) -> None:
        """Save everything into one folder, reload it and make sure that it predicts the same.

        `fixture`: a few documents whose predictions are stored with the labeler, to be checked after any load; of a
        writer of several tasks by task.
        `dtype` ("float16") stores the backbone's weights in that precision, in half the space; they are loaded in the
        precision they were trained in.
        """
        save_labeler(self, Path(folder), fixture=fixture, dtype=dtype)

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        *,
        revision: str | None = None,
        dtype: str | None = None,
        base: str | None = None,
        device: str | None = None,
        check: bool = False,
        config: RunnerConfig | None = None,
    ) -> "Predictor":
        """Load a saved labeler from a folder or the model hub, or a built-in one by its name.

        `base` is where the model is now that it was trained beside, if it was saved without that model's weights.
        `dtype` ("bfloat16") changes the precision its backbone runs in; `device` is the accelerator where there is
        one. `check` compares its predictions, in the precision it was saved in, with its stored fixture.
        """
        folder = find_folder(path, revision=revision)
        model, origin = read_folder(folder, dtype=dtype, base=base)
        labeler = cls(model.to(device or find_device()), origin, config=config or RunnerConfig())
        labeler.calibration = read_calibration(folder)
        if labeler.device.type != "cpu":  # where other kernels run than those that its sight was proven with
            model.prove()
        if check:
            as_saved = labeler if dtype is None else Runner(read_folder(folder, base=base)[0].to(labeler.device))
            check_fixture(as_saved, folder)
        return labeler

    def push_to_hub(self, name: str, *, private: bool = True) -> str:
        """Upload the labeler to the model hub; gives its address."""
        return push_labeler(self, name, private=private)


def load(path: str | Path, *, dtype: str | None = None, base: str | None = None, check: bool = False) -> Predictor:
    """Load a saved labeler from a folder or the model hub, or `builtin:tiny-ner`. See Predictor.from_pretrained."""
    return Predictor.from_pretrained(path, dtype=dtype, base=base, check=check)


def predict(path: str | Path, documents: Iterable[Input]) -> list[Document]:
    """Label documents (or texts, or lists of words) with a saved labeler."""
    return load(path).predict(documents)


def find_device() -> torch.device:
    """The accelerator of this machine, else its processor."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found or torch.device("cpu")
