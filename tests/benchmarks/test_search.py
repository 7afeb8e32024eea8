"""The study of searches: its cells, what its arms choose and cost, and the tables they come to."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import claims
import pytest
import sight
from pages import search as page
from study import Cell, read_records, write_json

import search
import tagwright
from tagwright.text.document import Document
from tagwright.text.span import Span

ROOT = Path(__file__).parents[2]
WORDS = {name: {"train": 100.0, "dev": 50.0, "test": 60.0} for name in ("conll04", "snips")}


@pytest.fixture
def declared() -> claims.Claims:
    return claims.read_claims(search.DECLARED)


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> argparse.Namespace:
    monkeypatch.setattr(sight, "digest", lambda model: f"weights of {model}")
    return argparse.Namespace(
        decoder="the decoder",
        encoder="the encoder",
        data=Path("data"),
        epochs=2.0,
        seeds=8,
        limit_documents=None,
        sight=tmp_path / "sight",
        out=tmp_path / "search",
    )


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


def test_every_search_is_a_cell_and_one_plan_too(options: argparse.Namespace, declared: claims.Claims) -> None:
    cells = search.list_searches(options, declared, WORDS)
    assert len(cells) == len({cell.name for cell in cells}) == 2 * 3
    assert {cell.settings["step"] for cell in cells} == {"search"}  # which never sees test
    assert {cell.settings["seed"] for cell in cells} == {0}
    times = {cell.name: cell.seconds for cell in cells}
    assert times["snips-oneshot"] > times["snips-learned"] == times["snips-plain"]


def write_cells(cells: Sequence[Cell], folder: Path, *, results: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True)
    for cell in cells:
        record = {"cell": cell.name, "settings": cell.settings, "seconds": 1.0, "result": results[cell.name]}
        write_json(folder / f"{cell.name}.json", record)


@pytest.fixture
def searched(options: argparse.Namespace, declared: claims.Claims) -> argparse.Namespace:
    """A screen whose plans are as good as their numbers, and the searches on snips after it."""
    words = {"snips": WORDS["snips"]}
    plans = sight.list_plans(options, WORDS)
    scores = {cell.name: {"score": float(int(cell.settings["sight"], 2))} for cell in plans}
    write_cells(plans, options.sight / "screen" / "cells", results=scores)
    results = {f"snips-{name}": {"dev": {"1111": 0.15}, "chosen": "0001", "tokens": 7} for name in search.SEARCHES}
    results["snips-plain"] = {"dev": {"1111": 0.15}, "chosen": "1111", "tokens": 100}
    write_cells(search.list_searches(options, declared, words), options.out / "search" / "cells", results=results)
    return options


def test_the_exhaustive_search_is_the_screen_of_sight(searched: argparse.Namespace, declared: claims.Claims) -> None:
    found = search.read_searched(searched, declared, {"snips": WORDS["snips"]})
    assert found.score("snips")["1010"] == 0.10
    assert (found.choose("snips", "exhaustive"), found.cost("snips", "exhaustive")) == ("1111", 1600)
    with pytest.raises(SystemExit, match="conll04: not every search"):
        search.read_searched(searched, declared, WORDS)


def test_a_screen_that_is_not_done_or_not_the_same_is_told(
    searched: argparse.Namespace, declared: claims.Claims
) -> None:
    words = {"snips": WORDS["snips"]}
    plans = searched.sight / "screen" / "cells"
    other = plans / "snips-1111-mean-repeat0.json"
    record = json.loads(other.read_text(encoding="utf-8"))
    write_json(other, record | {"result": {"score": 15.1}})
    with pytest.raises(SystemExit, match=r"snips, 1111: 15.00 by the search's own code, 15.10 in Screen"):
        search.read_searched(searched, declared, words)
    other.unlink()
    with pytest.raises(SystemExit, match="1 of 16 plans have no score yet"):
        search.read_searched(searched, declared, words)
    assert search.read_searched(searched, declared, words, whole=False).corpora == []


def test_runs_that_sight_has_are_not_run_again(searched: argparse.Namespace, declared: claims.Claims) -> None:
    words = {"snips": WORDS["snips"]}
    found = search.read_searched(searched, declared, words)
    cells = search.list_confirming(searched, declared, words=words, found=found)
    arms = sight.list_arms(searched, claims.read_claims(), words=words, chosen={"snips": "0111"})
    results = {cell.name: {"spans": [cell.name]} for cell in arms}
    write_cells(arms, searched.sight / "confirm" / "cells", results=results)
    searched.out /= "confirm"
    assert search.borrow(cells, searched) == 5  # of `all`; the screen's second-best plan is nobody's choice
    borrowed = read_records(cells, searched.out / "cells")
    assert {name: record["result"]["spans"] for name, record in borrowed.items()} == {
        f"snips-1111-{seed}": [f"snips-all-{seed}"] for seed in range(1, 6)
    }


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


def test_arms_that_share_their_runs_are_equivalent_however_far_seeds_lie_apart(declared: claims.Claims) -> None:
    gold = [Document.from_words(["Ada", "saw", "Rome"], spans=[Span(0, 1, "PER"), Span(2, 3, "LOC")])] * 30
    reports = [tagwright.evaluate(gold, [each.with_spans(each.spans[:kept]) for each in gold]) for kept in (1, 2)]
    runs = {(arm, "snips"): reports if arm in ("oneshot", "top") else [*reports] for arm in declared.arms}
    found = claims.compare_arms(declared, runs, metrics={"snips": "exact.f1"})
    judged = {name: claims.judge(one) for (name, _), one in found.items()}
    assert judged["oneshot-top"] == "equivalent" and judged["oneshot-all"] == "open"
