"""Merged labelers: what was trained beside a base becomes one plain labeler that needs no base. Knows no training."""

from pathlib import Path

from tagwright.inference.calibrated import read_calibration
from tagwright.inference.predictor import Predictor, find_device
from tagwright.inference.saved import check_fixture, find_folder
from tagwright.models.folder import read_about, read_folder
from tagwright.tuning import TUNINGS


def load_merged(path: str | Path, *, base: str | None = None) -> Predictor:
    """A saved labeler all of whose weights are its own, made sure to label as it did.

    One of `qlora` is merged into its base in full precision, so its scores may differ from those it had in four bits.
    """
    folder = find_folder(path)
    model, origin = read_folder(folder, base=base, unquantised=True)
    tuning = read_about(folder).get("tuning", {}).get("name", "full")
    model.merge()
    labeler = Predictor(model.to(find_device()), origin, calibration=read_calibration(folder))
    model.prove()
    if not TUNINGS[tuning].needs_four_bits:
        check_fixture(labeler, folder)
    return labeler
