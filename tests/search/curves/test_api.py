"""tagwright.curve writes what the verb writes, and names its folder by the dial."""

from pathlib import Path

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


def test_a_curve_needs_a_place() -> None:
    with pytest.raises(RecipeError, match="Name a folder"):
        tagwright.curve(tagwright.Recipe.from_dict(SETTINGS), vary="fusion=last", shots="all")
