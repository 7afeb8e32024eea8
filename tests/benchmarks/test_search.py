"""The study of searches: its cells, what its arms choose and cost, and the tables they come to."""

import argparse
from pathlib import Path
from typing import Any

import claims
import pytest
import sight
from pages import search as page

import search

ROOT = Path(__file__).parents[2]
WORDS = {name: {"train": 100.0, "dev": 50.0, "test": 60.0} for name in ("conll04", "snips")}


@pytest.fixture
def declared() -> claims.Claims:
    return claims.read_claims(search.DECLARED)


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setattr(sight, "digest", lambda model: f"weights of {model}")
    return argparse.Namespace(decoder="the decoder", data=Path("data"), epochs=2.0, seeds=8, limit_documents=None)


def make_searched(declared: claims.Claims) -> page.Searched:
    """A plan is as good as its number; oneshot took the second best, learned the worst."""
    results: dict[str, dict[str, Any]] = {
        plan: {"dev": {plan: int(plan, 2) / 20}, "tokens": 100, "chosen": plan} for plan in page.PLANS
    }
    field = {plan: -int(plan, 2) / 20 for plan in page.PLANS}
    results["oneshot"] = {"dev": field, "tokens": 270, "chosen": "1110"}
    results["learned"] = {"dev": {}, "tokens": 90, "chosen": "0000"}
    return page.Searched(declared, {"snips": results})


def test_the_declaration_holds_together(declared: claims.Claims) -> None:
    assert declared.runs == 7 * 4 * 5 == declared.most_runs
    assert search.SEED not in declared.seeds, "the seed that chose plans can't confirm them"
    assert declared.rest["share"] == 0.2
    assert {(claim.a, claim.hoped) for claim in declared.contrasts if claim.b == "exhaustive"} == {
        (arm, "as good") for arm in search.SEARCHES
    }


def test_every_plan_and_every_search_is_a_cell(options: argparse.Namespace, declared: claims.Claims) -> None:
    cells = search.list_searches(options, declared, WORDS)
    assert len(cells) == len({cell.name for cell in cells}) == 2 * (16 + 2)
    assert {cell.settings["step"] for cell in cells} == {"search"}  # which never sees test
    assert {cell.settings["seed"] for cell in cells} == {0}
    times = {cell.name: cell.seconds for cell in cells}
    assert times["snips-oneshot"] > times["snips-learned"] == times["snips-0000"]


def test_arms_that_chose_alike_share_their_runs(options: argparse.Namespace, declared: claims.Claims) -> None:
    found = make_searched(declared)
    cells = search.list_confirming(options, declared, words={"snips": WORDS["snips"]}, found=found)
    chosen = {found.choose("snips", arm) for arm in declared.arms}
    assert {"1111", "1110", "0000", "0011"} <= chosen and len(chosen) < len(declared.arms)
    assert len(cells) == len({cell.name for cell in cells}) == 5 * len(chosen)
    assert {cell.settings["step"] for cell in cells} == {"confirm"} and {c.settings["seed"] for c in cells} == {
        *range(1, 6)
    }


def test_arms_choose_by_what_all_plans_scored_and_pay_for_what_they_saw(declared: claims.Claims) -> None:
    found = make_searched(declared)
    assert [found.choose("snips", arm) for arm in ("exhaustive", "oneshot", "learned", "top", "all")] == [
        "1111", "1110", "0000", "0011", "1111"
    ]  # fmt: skip
    costs = {arm: found.cost("snips", arm) for arm in declared.arms}
    assert costs == {
        "exhaustive": 1600,
        "oneshot": 270,
        "learned": 90,
        "random-oneshot": 300,
        "random-learned": 100,
        "top": 0,
        "all": 0,
    }


def test_tables_tell_place_loss_and_cost(declared: claims.Claims) -> None:
    table = page.tabulate_searches(make_searched(declared), share=0.2)
    assert "| snips | oneshot | `1110` | 2 | 5.00 | 16.9 % | yes | -1.00 |" in table
    assert "| snips | learned | `0000` | 16 | 75.00 | 5.6 % | yes | - |" in table
    assert "| snips | exhaustive | `1111` | 1 | 0.00 | 100.0 % | - | - |" in table
    assert "at most 20 %" in table


def test_what_scores_alike_has_no_order(declared: claims.Claims) -> None:
    found = make_searched(declared)
    found.results["snips"]["oneshot"]["dev"] = dict.fromkeys(page.PLANS, 0.5)  # type: ignore[index]
    assert "16.9 % | yes | - |" in page.tabulate_searches(found, share=0.2)


def test_a_whole_study_is_told(declared: claims.Claims, tmp_path: Path) -> None:
    found = make_searched(declared)
    (tmp_path / "snips").mkdir()
    rows = "".join("Ada\tB-PER\nsaw\tO\nRome\tB-LOC\n\n" for _ in range(30))
    (tmp_path / "snips" / "test.conll").write_text(rows, encoding="utf-8")
    confirmed = []
    for plan in {found.choose("snips", arm) for arm in declared.arms}:
        spans = [[0, 1, "PER"], [2, 3, "LOC"]][: 2 if plan == "1110" else 1]
        for seed in (1, 2):
            settings = {
                "corpus": "snips",
                "sight": plan,
                "seed": seed,
                "data": str(tmp_path),
                "documents": {"test": 30},
            }
            confirmed.append({"settings": settings, "result": {"spans": [spans] * 30}})
    path = tmp_path / "sight.md"
    path.write_text((ROOT / "docs" / "sight.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(found, confirmed, page=path, share=0.2)
    told = path.read_text(encoding="utf-8")
    assert "| oneshot-exhaustive | snips | `1110` / `1111` | 100.00 ± 0.00 | 66.67 ± 0.00 | +33.33" in told
    assert "| learned-all | snips | `0000` / `1111` | 66.67 ± 0.00 | 66.67 ± 0.00 | +0.00" in told
    assert told.count(declared.grades["before"]) >= 8  # one corpus isn't most


def test_an_empty_study_fills_nothing(declared: claims.Claims, tmp_path: Path) -> None:
    path = tmp_path / "sight.md"
    path.write_text((ROOT / "docs" / "sight.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(page.Searched(declared, {}), [], page=path, share=0.2)
    assert path.read_text(encoding="utf-8").count("Not yet run") >= 3
