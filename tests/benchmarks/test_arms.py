"""The studies of fusion and of tunings: what they declare, the cells that come of it, and the page they fill."""

import argparse
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import arms
import claims
import pytest
import torch
from cells.arms import switch
from pages import arms as page
from study import check_cells

from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.budget import is_met
from tagwright.backbone.fusion.fusion import build_fusion
from tagwright.recipe.recipe import Recipe

ROOT = Path(__file__).parents[2]
STUDIES = ("fusion", "tuning")
SHAPES = {"builtin:tiny-encoder": (192, 8), "builtin:tiny-decoder": (192, 8), "minilm": (384, 6)}
Factors = dict[tuple[str, str], float]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setattr(arms, "digest", lambda model: f"weights of {model}")
    monkeypatch.setattr(arms, "measure_words", lambda corpus, folder: 20.0)
    monkeypatch.setattr(arms, "has_files", lambda corpus, folder: corpus != "absent")
    given = {"limit_documents": None, "steps": None, "full": False, "seeds": 8, "minilm": "a folder"}
    return argparse.Namespace(out=tmp_path / "out", data=tmp_path, **given)


def read(name: str) -> claims.Claims:
    return claims.read_claims(ROOT / "benchmarks" / f"{name}.toml")


@pytest.fixture(params=STUDIES)
def setup(request: pytest.FixtureRequest, options: argparse.Namespace) -> arms.Setup:
    return arms.find_setup(read(request.param), options)


def make_factors(setup: arms.Setup) -> Factors:
    return dict.fromkeys(arms.list_searched(setup), 3.0)


# --- what is declared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STUDIES)
def test_a_declaration_stays_within_its_cap_and_confirms_on_fresh_seeds(name: str) -> None:
    told = read(name)
    seeds = {seed for place in told.places for seed in told.list_seeds(place)}
    assert told.runs <= told.most_runs == 150
    assert not {arms.FIRST, *told.rest["ablation"]["seeds"]} & seeds
    assert told.rest["chart"] in {claim.name for claim in told.contrasts}
    assert all(told.count_needed(claim) > 0 for claim in told.contrasts), "somewhere both arms of a contrast are run"


@pytest.mark.parametrize("name", STUDIES)
def test_a_borrowed_rate_comes_from_a_like_place_that_searches_itself(name: str) -> None:
    places = read(name).places
    for place in places.values():
        source = places[place["rates_of"]] if "rates_of" in place else place
        assert all(source[key] == place[key] for key in ("model", "corpus", "kind")) and "rates_of" not in source


def test_labels_of_a_larger_split_choose_no_rate_of_a_smaller_one() -> None:
    places = read("tuning").places
    assert all(places[place["rates_of"]]["shots"] <= place["shots"] for place in places.values() if "rates_of" in place)


def test_a_place_with_seeds_and_arms_of_its_own_counts_as_such(tmp_path: Path) -> None:
    text = (ROOT / "benchmarks" / "fusion.toml").read_text(encoding="utf-8")
    (path := tmp_path / "fusion.toml").write_text(text.replace('"deeper", "mlp"]', '"deeper", "wider"]', 1), "utf-8")
    with pytest.raises(ValueError, match="wider"):
        claims.read_claims(path)
    path.write_text(text.replace("seeds = [1, 2]\n", "seeds = [1, 2, 3]\n", 1), "utf-8")
    with pytest.raises(ValueError, match="153 runs"):
        claims.read_claims(path)


def test_a_share_of_the_places_that_have_both_arms_shows_a_claim() -> None:
    told = read("fusion")
    paper = next(claim for claim in told.contrasts if claim.b == "dwatt:paper")
    assert (told.most, told.count_needed(paper)) == (0.6, 3)  # of 4
    assert claims.grade(told, paper, ["better"] * 3 + ["open"]) == told.grades["shown"]
    assert claims.grade(told, paper, ["better"] * 2 + ["open"] * 2) == told.grades["before"]


def test_fusions_with_a_budget_meet_it_in_every_model() -> None:
    told = read("fusion")
    every = {**told.arms, **told.rest["ablation"]["arms"]}
    for model in told.rest["models"].values():
        width, depth = SHAPES[model["model"]]
        for arm in (arm for arm in every.values() if arm.get("budgeted")):
            given = {key.removeprefix("fusion."): value for key, value in arm["recipe"].items()}
            fusion = build_fusion(FusionConfig(**given, budget=model["budget"]), width=width, depth=depth)
            assert is_met(fusion.added, model["budget"])


def test_the_ablation_of_tunings_has_every_two_levels_equally_often() -> None:
    variants = [arm["levels"] for arm in read("tuning").rest["ablation"]["arms"].values()]
    assert len(variants) == len({tuple(levels.values()) for levels in variants}) == 24
    for pair in combinations(variants[0], 2):
        counts = Counter(tuple(levels[factor] for factor in pair) for levels in variants)
        every = {levels[pair[0]] for levels in variants}, {levels[pair[1]] for levels in variants}
        assert len(counts) == len(every[0]) * len(every[1]) and len(set(counts.values())) == 1


def test_the_ablation_of_fusion_has_every_combination() -> None:
    variants = [arm for arm in read("fusion").rest["ablation"]["arms"].values() if "levels" in arm]
    assert len({frozenset(arm.get("switched", ())) for arm in variants}) == len(variants) == 8
    for factor in variants[0]["levels"]:
        assert set(Counter(arm["levels"][factor] for arm in variants).values()) == {4}


# --- cells -----------------------------------------------------------------------------------------------------------


def test_every_cell_is_a_recipe_that_can_be_trained(setup: arms.Setup) -> None:
    factors = make_factors(setup)
    cells = [*arms.list_trials(setup), *arms.list_ablation(setup, factors)]
    for each in (cells, arms.list_arms(setup, factors)):
        check_cells(each)
    for cell in cells:
        Recipe().change(cell.settings["recipe"] | {"training.learning_rate": cell.settings["rate"]})


def test_trials_are_equally_many_and_see_no_more_of_dev_than_of_train(setup: arms.Setup) -> None:
    cells = arms.list_trials(setup)
    counts = Counter((cell.settings["place"], cell.settings["arm"]) for cell in cells)
    assert set(counts.values()) == {4}
    assert {cell.settings["seed"] for cell in cells} == {arms.FIRST}
    assert {cell.settings["step"] for cell in cells} == {"screen"}  # which never sees test
    assert all(cell.settings["documents"]["dev"] <= cell.settings["documents"]["train"] for cell in cells)


def test_what_is_declared_is_confirmed_at_the_rate_that_was_found(setup: arms.Setup) -> None:
    cells = arms.list_arms(setup, make_factors(setup))
    assert len(cells) == setup.claims.runs and cells[0].settings["seed"] == setup.claims.seeds[0]
    assert [cell.settings["seed"] for cell in cells] == sorted(cell.settings["seed"] for cell in cells)
    for cell in cells:
        place, arm = cell.settings["place"], cell.settings["arm"]
        assert cell.settings["rate"] == pytest.approx(3 * arms.find_rate(setup, place, arm))
    assert not arms.list_arms(setup, {}), "without trials nothing can be confirmed"


def test_a_head_has_a_rate_of_its_own_where_the_backbone_moves(options: argparse.Namespace) -> None:
    fusion, tuning = (arms.find_setup(read(name), options) for name in STUDIES)
    name = "tuning.head_learning_rate"
    assert name not in arms.write_recipe(fusion, "encoder-pos-50", "dwatt", factor=3.0)
    assert arms.write_recipe(fusion, "encoder-slots-50-tuned", "dwatt", factor=3.0)[name] == pytest.approx(3e-3)
    assert name not in arms.write_recipe(tuning, "encoder-joint-low", "fish-dip:paper", factor=3.0)
    assert arms.find_rate(tuning, "encoder-joint-low", "lora") == 4 * arms.find_rate(
        tuning, "encoder-joint-low", "full"
    )


def test_what_is_not_there_is_left_out_and_said(
    options: argparse.Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    options.minilm = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "find_minilm", lambda: None)
        setup = arms.find_setup(read("tuning"), options)
    assert "MiniLM is left out" in capsys.readouterr().out
    assert not [place for place in setup.places if place.startswith("minilm")] and len(setup.places) == 12


def test_full_adds_every_other_combination_with_every_arm_that_a_model_can_have(options: argparse.Namespace) -> None:
    options.full = True
    setup = arms.find_setup(read("tuning"), options)
    assert len(setup.places) == 3 * 5 * 2
    assert len(setup.list_arms("tiny-encoder-ewt_srl-steps-50")) == 8 and "bitfit" in setup.claims.arms
    assert len(setup.list_arms("minilm-ewt_srl-steps-50")) == 9


def test_of_equal_scores_the_middle_rate_is_taken() -> None:
    def record(factor: float, score: float, arm: str = "a") -> dict[str, Any]:
        return {"settings": {"place": "p", "arm": arm, "factor": factor}, "result": {"score": score}}

    trials = [0.3, 1.0, 3.0]
    records = [record(0.3, 5.0), record(1.0, 5.0), record(3.0, 4.0), record(0.3, 1.0, "b"), record(1.0, 2.0, "b")]
    assert arms.choose_factors(records, trials=trials) == {("p", "a"): 1.0}  # b's aren't all done


# --- the changes of dwatt --------------------------------------------------------------------------------------------


def test_with_all_changes_the_papers_form_is_ours_and_afterwards_it_is_the_papers_again() -> None:
    def build(name: str) -> Any:
        torch.manual_seed(0)
        return build_fusion(FusionConfig(name=name), width=8, depth=2)

    states = [torch.randn(1, 3, 8) * scale for scale in (1, 5, 2)]
    keep = torch.ones(1, 3, dtype=torch.bool)

    def run(fusion: Any) -> torch.Tensor:
        torch.nn.init.ones_(fusion.values.outer_norm_gain)  # or nothing would come through
        found: torch.Tensor = fusion(states, states[-1], keep=keep)
        return found

    ours, papers = run(build("dwatt")), run(build("dwatt:paper"))
    assert not torch.equal(ours, papers)
    with switch(("divides_scores", "evens_out", "starts_as_last", "hastens")):
        assert not build("dwatt:paper").values.outer_norm_gain.any()
        assert torch.equal(run(build("dwatt:paper")), ours)
    with switch(("divides_scores",)):
        assert not torch.equal(run(build("dwatt:paper")), papers)
    assert torch.equal(run(build("dwatt:paper")), papers)
    with pytest.raises(ValueError, match="rank"), switch(("rank",)):
        pass


# --- the page --------------------------------------------------------------------------------------------------------


def make_record(cell: Any, score: float, **found: Any) -> dict[str, Any]:
    result = {"score": score, "train_seconds": 2.0, "moved": 1000.0, "added": 10} | found
    return {"settings": cell.settings, "seconds": 36.0, "result": result}


@pytest.mark.parametrize("name", STUDIES)
def test_an_empty_study_fills_no_place_of_its_page(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.md"
    path.write_text((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(page.Found(read(name), {}, [], [], []), path)
    assert path.read_text(encoding="utf-8").count("Not yet run") == 9


def test_a_whole_study_is_told(options: argparse.Namespace, tmp_path: Path) -> None:
    """On one corpus: dwatt finds all, the others half; in the ablation every change is worth a point."""
    (tmp_path / "snips").mkdir()
    rows = "".join("Ada\tB-PER\nsaw\tO\nRome\tB-LOC\n\n" for _ in range(40))
    (tmp_path / "snips" / "test.conll").write_text(rows, encoding="utf-8")
    setup = arms.find_setup(read("fusion"), options)
    factors = make_factors(setup) | {("encoder-pos-50", "concat"): 1.0}
    both = [[0, 1, "PER"], [2, 3, "LOC"]]
    confirm = [
        make_record(cell, 9.0, spans=[both[: 2 if cell.settings["arm"] == "dwatt" else 1]] * 40)
        for cell in arms.list_arms(setup, factors)
        if cell.settings["place"] == "decoder-slots-250"
    ]
    ablation = [
        make_record(cell, 50.0 + len(cell.settings["switched"]) + cell.settings["seed"] / 5)
        for cell in arms.list_ablation(setup, factors)
    ]
    tried = [make_record(cell, cell.settings["factor"]) for cell in arms.list_trials(setup)]
    found = page.Found(setup.claims, factors, tried, ablation, confirm)
    path = tmp_path / "fusion.md"
    path.write_text((ROOT / "docs" / "fusion.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(found, path)
    told = path.read_text(encoding="utf-8")
    assert "Not yet run" not in told
    assert told.count("| decoder-slots-250 | 100.00 ± 0.00 | 66.67 ± 0.00 | +33.33 (") == 6
    assert told.count(setup.claims.grades["before"]) == 6  # one place isn't most
    assert "| decoder-slots-250 | 3 | 9.00 ± 0.00 |" in told
    assert "| `divided-even` | 54.30 ± 0.14 | +2.00 (2.00 to 2.00) |" in told
    assert "| start | as last | 4 | 54.30 (" in told and "| start | drawn | 4 | 53.30 (" in told
    assert "| encoder-pos-50 | 0.003 | 0.003 | 0.001* |" in told  # of concat the least that was tried
    assert "| dwatt | - | 1,000, 1.00x |" in told
    ElementTree.parse(tmp_path / "fusion-gain.svg")
