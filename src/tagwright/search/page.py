"""search.html: the ranked plans as a heat map, and what each group was worth. Writes no file."""

from collections.abc import Mapping, Sequence

from tagwright.evaluation.page.elements import Html, cell, head, join, scroll, show_rate, tag
from tagwright.evaluation.page.frame import Frame, draw_figure, find_ticks
from tagwright.evaluation.page.page import draw_run, draw_section, render_sections
from tagwright.search.run import Outcome
from tagwright.search.space import compare_groups
from tagwright.search.strategies.search import Ranked

SEARCHED = "Scores by which plans were chosen, on dev: they flatter the winner. Quote those of the last trainings."


def render_search(outcome: Outcome, *, facts: Mapping[str, str], recipe: str, check: Sequence[str]) -> str:
    """The page as HTML. The same outcome gives the same text."""
    ranking, means = outcome.found.ranking, compare_groups(dict(outcome.found.field))
    sections = [("plans", "Plans", draw_section("plans", "Plans", draw_ranking(ranking, doubt=outcome.doubt)))]
    if any(means):
        sections.append(("groups", "Groups", draw_section("groups", "Groups", draw_groups(means))))
    sections.append(("check", "Did it help?", draw_section("check", "Did it help?", draw_check(check))))
    sections.append(("run", "Run", draw_section("run", "Run", draw_run(facts, recipe))))
    return render_sections(
        f"Sight {outcome.chosen}, chosen by {outcome.config.strategy}", sections, tiles=[_draw_tile(outcome)]
    )


def _draw_tile(outcome: Outcome) -> Html:
    """The mean over fresh seeds, on test where there is one."""
    tests = [record.test for record in outcome.finals if record.test is not None]
    part, scores = ("test", tests) if tests else ("dev", [record.dev[outcome.chosen] for record in outcome.finals])
    each = [tag("li", f"seed {record.cell.seed} ", tag("b", show_rate(score))) for record, score in zip(
        outcome.finals, scores, strict=True
    )]  # fmt: skip
    name = tag("p", f"Exact F1 on {part}, trained again on fresh seeds", class_="name")
    number = tag("p", show_rate(sum(scores) / len(scores)), class_="figure")
    return tag("div", name, number, tag("ul", *each), draw_plan(outcome.chosen), class_="tile")


def draw_plan(plan: str) -> Html:
    """A row of boxes, the input's side first; what looks right is filled."""
    boxes = [tag("i", class_="open" if bit == "1" else None) for bit in plan]
    return tag("span", *boxes, class_="plan", role="img", aria_label=f"{plan}, input to output")


def draw_ranking(ranking: Sequence[Ranked], *, doubt: str) -> Html:
    """One row for each plan, best first; the darker, the nearer to the best."""
    scores = [one.f1 for one in ranking if one.f1 is not None]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    rows = []
    for place, one in enumerate(ranking, start=1):
        shade = None if one.f1 is None else f"--p:{(one.f1 - low) / (high - low) if high > low else 1:.2f}"
        number = tag("td", "–" if one.f1 is None else show_rate(one.f1), class_="hit", style=shade)
        title = tag("th", join([draw_plan(one.plan), f" {one.plan}"]), scope="row")
        rows.append(tag("tr", title, number, cell(one.terms), cell(str(place))))
    names = tag("tr", head("Input → output"), head("Dev F1"), head("Terms"), head("Place"))
    table = tag("table", tag("thead", names), tag("tbody", *rows), class_="heat")
    return join([scroll(table, "Plans"), *(tag("p", line, class_="note") for line in (SEARCHED, doubt) if line)])


def draw_check(lines: Sequence[str]) -> Html:
    """How to learn whether the plan helped: what is said, and the commands."""
    about, *commands = lines
    return join([tag("p", about, class_="note"), tag("pre", "\n".join(commands), tabindex="0")])


def draw_groups(means: Sequence[tuple[float, float] | None]) -> Html:
    """For every group the mean dev F1 of the plans that open it (filled) and that close it (hollow)."""
    values = [100 * value for pair in means if pair is not None for value in pair]
    ticks = find_ticks(min(values), max(values))
    frame = Frame(ticks[0], ticks[-1])
    drawn = [frame.draw_level(tick, f"{tick:g}") for tick in ticks]
    for number, pair in enumerate(means):
        share = (number + 0.5) / len(means)
        drawn.append(frame.draw_mark(share, str(number + 1)))
        if pair is not None:
            closed, opened = (100 * value for value in pair)
            drawn.append(frame.draw_line([(share, closed), (share, opened)], class_="link"))
            drawn.append(frame.draw_dot(share, closed, class_="peak", radius=5))
            drawn.append(frame.draw_dot(share, opened, class_="point", radius=5))
    said = "; ".join(_tell_group(number, pair) for number, pair in enumerate(means, start=1))
    key = "filled: open, hollow: closed; plans scored on equal terms"
    return draw_figure("Mean dev F1 by group", drawn, across="group, from input to output", said=said, note=key)


def _tell_group(number: int, pair: tuple[float, float] | None) -> str:
    if pair is None:
        return f"group {number}: no plan on one side"
    return f"group {number}: closed {show_rate(pair[0])}, open {show_rate(pair[1])}"
