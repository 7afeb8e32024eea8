"""Calibrated labelers: fitted on labelled documents, and kept in a file beside the weights that they belong to.

Knows nothing of how a map is fitted.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagwright.errors import ModelError
from tagwright.evaluation.calibration.calibration import Calibration
from tagwright.evaluation.calibration.fit import FitConfig, Fitted, fit_calibration
from tagwright.inference.runner import Runner
from tagwright.models.folder import read_about
from tagwright.text.document import Document

CALIBRATION, FORMAT = "calibration.json", 1
AGAIN = "Run `tagwright calibrate` again, or delete the file to go without."


def calibrate(runner: Runner, documents: Iterable[Document], *, config: FitConfig) -> Fitted:
    """Fit a calibration to a labeler, by documents that it was not trained on; its present one plays no part."""
    gold, plain = list(documents), replace(runner, calibration=None)
    model = plain.model
    if len(model.tasks) > 1:
        raise ModelError(
            f"This writer has the tasks {', '.join(model.tasks)}, whose scores are not of one kind. Calibrate that of "
            f'one: labeler.choose("{model.tasks[0]}").calibrate(documents).'
        )
    known: dict[str, Any] = {"config": config, "given": model.given, "labels": model.labels.names}
    if config.coverage is None:
        return fit_calibration(gold, plain.predict(gold), **known)
    if model.given:
        given = " and ".join(model.given)
        raise ModelError(f"A coverage is of spans that a labeler finds; this one is given {given}. Leave it out.")
    proposals = list(plain.propose(gold))
    return fit_calibration(gold, [each.document for each in proposals], proposals=proposals, **known)


def write_calibration(calibration: Calibration, folder: Path) -> None:
    """Put a calibration beside the weights of a saved labeler; its file is complete or as it was."""
    about = {"format": FORMAT, "weights": read_about(folder)["weights"], **calibration.to_dict()}
    draft = folder / f"{CALIBRATION}.draft"
    draft.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(folder / CALIBRATION)


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of a saved labeler, if it has one, made sure to be of these weights."""
    path = folder / CALIBRATION
    if not path.is_file():
        return None
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] > FORMAT:
            raise ValueError(f"it has the format {about['format']}, this version reads up to {FORMAT}")
        weights, calibration = about["weights"], Calibration.from_dict(about)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} can't be read ({error}). {AGAIN}") from error
    if weights != (own := read_about(folder)["weights"]):
        raise ModelError(
            f"{path} belongs to other weights: it was fitted to the scores of {weights}, and this labeler's weights "
            f"are {own}. {AGAIN}"
        )
    return calibration
