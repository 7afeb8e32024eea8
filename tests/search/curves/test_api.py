"""tagwright.curve writes what the verb writes, and names its folder by the dial."""

from pathlib import Path
from typing import Any

import pytest

import tagwright
from made_curves import make_outcome
from tagwright.errors import RecipeError
from tagwright.search.curves import api
from tagwright.search.curves.plan import CurveConfig

SETTINGS = {"data": {"train": "synthetic:ner", "documents": 40}}


def test_a_curve_in_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(recipe: object, corpus: object, *, folder: Path, config: CurveConfig) -> object:
        folder.mkdir(parents=True)
        return make_outcome(vary=config.vary, seeds=config.seeds)

    monkeypatch.setattr(api, "run", run)
    recipe = tagwright.Recipe.from_dict(SETTINGS | {"out": str(tmp_path)})
    outcome = tagwright.curve(recipe, vary="fusion=last,mix", shots="10,all", seeds=1)
    assert len(outcome.runs) == 4 and (tmp_path / "curve-fusion" / "curve.html").is_file()
    tagwright.curve(recipe, vary="fusion=last,mix", shots="all", out=tmp_path / "other")
    assert (tmp_path / "other" / "curve.csv").is_file()


def test_settings_are_the_verbs_and_a_used_folder_is_left_alone_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[object, CurveConfig, bool]] = []

    def run(recipe: tagwright.Recipe, corpus: object, *, folder: Path, config: CurveConfig) -> object:
        (folder / "cells").mkdir(parents=True, exist_ok=True)
        old = folder / "cells" / "run.json"
        seen.append((recipe.training.seed, config, old.exists()))
        old.touch()
        return make_outcome(vary=config.vary, seeds=config.seeds)

    monkeypatch.setattr(api, "run", run)
    recipe = tagwright.Recipe.from_dict(SETTINGS)
    ask: dict[str, Any] = {"vary": "fusion=last,mix", "shots": "all", "out": tmp_path, "settings": {"training.seed": 7}}
    tagwright.curve(recipe, **ask, seeds=1, engine="ray")
    tagwright.curve(recipe, **ask, seeds=1)
    tagwright.curve(recipe, **ask, seeds=1, overwrite=True)
    assert [(seed, goes_on) for seed, _, goes_on in seen] == [(7, False), (7, True), (7, False)]
    assert seen[0][1] == CurveConfig("fusion=last,mix", "all", seeds=1, engine="ray")
    (tmp_path / "cells" / "run.json").unlink()
    with pytest.raises(RecipeError, match="is no curve, but holds curve.html"):
        tagwright.curve(recipe, **ask)


def test_a_curve_needs_a_place() -> None:
    with pytest.raises(RecipeError, match="set `out` in the recipe"):
        tagwright.curve(tagwright.Recipe.from_dict(SETTINGS), vary="fusion=last", shots="all")
