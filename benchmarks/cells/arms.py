"""Cells of the studies that compare arms: one training by a recipe that is written out, scored as sight's are.

For an ablation, the changes that plain dwatt makes to the paper's form can be switched one by one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cells.sight import fine_tune

from tagwright.backbone.fusion.dwatt import PaperDwattFusion


def run_cell(settings: Mapping[str, Any]) -> dict[str, Any]:
    with switch(settings.get("switched", ())):
        return fine_tune(settings)


@contextmanager
def switch(changes: tuple[str, ...]) -> Iterator[None]:
    """Within, `dwatt:paper` has these changes: names of what DwattFusion decides for its whole class."""
    if unknown := [name for name in changes if getattr(PaperDwattFusion, name, None) is not False]:
        raise ValueError(f"{unknown} are no changes that dwatt:paper lacks.")
    for name in changes:
        setattr(PaperDwattFusion, name, True)
    try:
        yield
    finally:
        for name in changes:
            setattr(PaperDwattFusion, name, False)
