"""The study of writers: is one model that writes for five tasks as good as one for each, and as good as heads?

    python benchmarks/unified.py screen     learning rates by equal trials; on dev
    python benchmarks/unified.py confirm    the contrasts of unified.toml on fresh seeds, on test
    python benchmarks/unified.py report     tables of what is there into docs/writer.md

Each step says how many runs it has and how long they should take before the first one starts. A run of a writer of all
tasks gives a score for each of them.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from arms import FIRST, Setup, choose_factors, find_folder, find_setup, find_source, make_step_parser, run_arms
from cells.finetuning import in_bfloat16, tell_precision
from cells.unified import run_cell
from claims import read_claims
from pages.unified import Found, flatten, write_page
from sight import announce, keep
from study import Cell, Record, Study, read_records, run_study, start

NAME = "unified"
Pair = tuple[str, str]  # a place, or a kind where an arm is trained on all of its places together; an arm
START = 6.0  # thought: seconds before the first step
TRAINED, WRITTEN = 700.0, 450.0  # thought: tokens a second of a writer, in training and in writing
STEP, READ = 0.15, 20.0  # thought: seconds of a tagger's step; documents a second that it labels


def main() -> int:
    parser = make_step_parser(NAME, __doc__, page="writer")
    parser.set_defaults(minilm=None, full=False)  # there is no larger model, and no place that isn't declared
    options = parser.parse_args()
    setup = find_setup(read_claims(Path(__file__).with_suffix(".toml")), options)
    tell_caps(setup)
    return {"screen": screen, "confirm": confirm, "report": report}[options.step](setup)


def tell_caps(setup: Setup) -> None:
    told, corpora = setup.claims.rest["training"], setup.claims.rest["corpora"]
    shots = " or ".join(str(shots) for shots in dict.fromkeys(place["shots"] for place in setup.places.values()))
    most = "; ".join(f"{name} {corpus['dev']} of dev, {corpus['test']} of test" for name, corpus in corpora.items())
    print(
        f"{len(setup.places)} places, {setup.claims.runs} declared scores (at most {setup.claims.most_runs}). {shots} "
        f"training documents, drawn by the seed; at most, always the same: {most}. Batches of {told['batch']}; "
        f"{len(told['trials'])} trials of a learning rate for every arm that learns; "
        f"{tell_precision(setup.options.out)}."
    )


def screen(setup: Setup) -> int:
    cells, options = list_trials(setup), find_folder(setup, "screen")
    announce("Screen", cells, options)
    return run_study(Study(cells, run_cell, keep), options)


def confirm(setup: Setup) -> int:
    """Every arm in its places, at the rate that the trials found."""
    factors = read_factors(setup)
    searched = {find_searched(setup, *pair) for pair in list_groups(setup)}
    return run_arms(setup, list_arms(setup, factors), run_cell, absent=searched - set(factors))


def report(setup: Setup) -> int:
    """What is there; what isn't there stays "not yet run" on the page."""
    factors = read_factors(setup)
    parts = {"screen": list_trials(setup), "confirm": list_arms(setup, factors)}
    found = {
        step: list(read_records(cells, find_folder(setup, step).out / "cells").values())
        for step, cells in parts.items()
    }
    scores = [one for record in found["confirm"] for one in flatten(record)]
    told = Found(setup.claims, factors, screen=found["screen"], ablation=[], confirm=scores)
    write_page(told, setup.options.page, data=setup.options.data)
    counts = (f"{len(records)} of {len(parts[step])} cells of {step}" for step, records in found.items())
    print(f"Written into {setup.options.page}: {', '.join(counts)}.")
    return 0


# --- learning rates --------------------------------------------------------------------------------------------------


def list_groups(setup: Setup) -> list[Pair]:
    """What is trained once: an arm in a place, or in all places of a kind together."""
    pairs = [(place, arm) for place in setup.places for arm in setup.list_arms(place)]
    arms = setup.claims.arms
    grouped = [(setup.places[place]["kind"] if arms[arm].get("together") else place, arm) for place, arm in pairs]
    return list(dict.fromkeys(grouped))


def list_places(setup: Setup, group: str) -> list[str]:
    """The places of a kind, or the one place itself."""
    return [name for name, place in setup.places.items() if group in (name, place["kind"])]


def find_searched(setup: Setup, group: str, arm: str) -> Pair:
    """Where the trials were whose rate an arm has here."""
    source = find_source(setup, list_places(setup, group)[0])
    return source if group in setup.places else setup.places[source]["kind"], arm


def is_untrained(setup: Setup, arm: str) -> bool:
    return bool(setup.claims.arms[arm].get("untrained"))


def list_trials(setup: Setup) -> list[Cell]:
    searched = dict.fromkeys(find_searched(setup, *pair) for pair in list_groups(setup))
    return [
        make_cell(setup, *pair, step="screen", seed=FIRST, factor=factor)
        for pair in searched
        for factor in setup.claims.rest["training"]["trials"]
        if not is_untrained(setup, pair[1])
    ]


def read_factors(setup: Setup) -> dict[Pair, float]:
    """The best factor on dev of whatever has all its trials; what learns nothing has no use for one."""
    records = read_records(list_trials(setup), setup.options.out / "screen" / "cells")
    return find_factors(setup, records.values())


def find_factors(setup: Setup, records: Iterable[Record]) -> dict[Pair, float]:
    still = {pair: 1.0 for pair in list_groups(setup) if is_untrained(setup, pair[1])}
    return choose_factors(records, trials=setup.claims.rest["training"]["trials"]) | still


# --- the cells -------------------------------------------------------------------------------------------------------


def list_arms(setup: Setup, factors: Mapping[Pair, float]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    return [
        make_cell(setup, group, arm, step="confirm", seed=seed, factor=factors[searched])
        for seed in setup.claims.seeds[: setup.options.seeds]
        for group, arm in list_groups(setup)
        if (searched := find_searched(setup, group, arm)) in factors
    ]


def make_cell(setup: Setup, group: str, arm: str, *, step: str, seed: int, factor: float) -> Cell:
    """`place` is the group, since a rate is that of all its places; what is the same for one task stands in `tasks`."""
    places = list_places(setup, group)
    first, declared = setup.places[places[0]], setup.claims.arms[arm]
    model = setup.find("models", first["model"])
    path = setup.models[first["model"]]
    settings: dict[str, Any] = {"step": step, "place": group, "arm": arm, "seed": seed, "factor": factor}
    settings |= {"model": path, "digest": setup.digests[path], "data": str(setup.options.data)}
    settings |= {"shots": min(first["shots"], setup.options.limit_documents or sys.maxsize)}
    settings |= {"batch": setup.claims.rest["training"]["batch"]}
    settings |= {"rate": factor * model["rate"] * declared.get("times", 1)}
    settings |= {"recipe": write_recipe(setup, places, arm)}
    settings |= {"tasks": {place: describe_task(setup, place) for place in places}}
    return Cell(f"{group}-{arm}-x{factor:g}-{seed}", settings, think(setup, settings))


def describe_task(setup: Setup, place: str) -> dict[str, Any]:
    """What of a cell's settings is one task's alone."""
    corpus = setup.find("corpora", setup.places[place]["corpus"])
    most = setup.options.limit_documents or sys.maxsize
    told = {name: corpus[name] for name in ("task", "metric", "whole", "turns") if name in corpus}
    documents = {part: min(corpus[part], most) for part in ("dev", "test")}
    return told | {"corpus": setup.places[place]["corpus"], "documents": documents}


def write_recipe(setup: Setup, places: Sequence[str], arm: str) -> dict[str, Any]:
    """Several tasks take so many times the steps of one, and choose weights so many times as seldom."""
    declared, first = setup.claims.arms[arm], setup.places[places[0]]
    corpus, model = setup.find("corpora", first["corpus"]), setup.find("models", first["model"])
    recipe = {"view": declared["view"], "training.bf16": in_bfloat16(setup.options.out)}
    recipe |= {"backbone.sight": model["sight"]} if "sight" in model else {}
    recipe |= setup.find("kinds", first["kind"])["recipe"] | declared["recipe"]
    if setup.options.steps:
        recipe["training.max_steps"] = setup.options.steps
    for name in ("training.max_steps", "tuning.every"):
        if name in recipe:
            recipe[name] *= len(places)
    own = corpus["tagger"] if declared["view"] == "tagger" else {"writer.task": corpus["task"]}
    return recipe if len(places) > 1 else recipe | own


def think(setup: Setup, settings: Mapping[str, Any]) -> float:
    """The seconds that a cell should take. What learns nothing reads far longer prompts: as if it read them twice."""
    corpora = [setup.find("corpora", task["corpus"]) for task in settings["tasks"].values()]
    steps, part = settings["recipe"]["training.max_steps"], "dev" if settings["step"] == "screen" else "test"
    counts = [task["documents"][part] for task in settings["tasks"].values()]
    if settings["recipe"]["view"] == "tagger":
        return START + steps * STEP + counts[0] / READ
    learned = steps * settings["batch"] * sum(corpus["tokens"] for corpus in corpora) / len(corpora)
    written = sum(n * corpus["questions"] * corpus["tokens"] for n, corpus in zip(counts, corpora, strict=True))
    if is_untrained(setup, settings["arm"]):
        return START + 2 * written / WRITTEN
    return START + learned / TRAINED + written / WRITTEN


if __name__ == "__main__":
    start(main)
