"""Documents with mistakes, marked in their text. Knows cases and labels' colours.

Marks may nest and cross: a text is cut wherever one begins or ends, each piece is drawn inside all marks over it,
and marks that lie over one another have their lines at different depths (lanes).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from tagwright.evaluation.mistakes import Case, Mark
from tagwright.evaluation.page.colours import Colours, name_colour
from tagwright.evaluation.page.elements import Html, join, show_count, tag

LONG, AROUND, WORTH = 480, 140, 60  # characters: a text to be shortened, what is kept around a mistake, least gap

NO_BREAK = "\N{NO-BREAK SPACE}"
Region = tuple[int, int]


def draw_case(case: Case, colours: Colours, *, kinds: Sequence[str]) -> Html:
    """One document; `kinds` are the words by which the page's filter finds it."""
    regions, at, drawn = find_regions(case), 0, []
    for start, end in regions:
        drawn += [_draw_gap(start - at), _draw_region(case, (start, end), colours=colours)]
        at = end
    drawn.append(_draw_gap(len(case.text) - at))
    text = tag("p", *drawn, dir="auto", class_="text")
    name = [tag("p", tag("bdi", case.id), class_="id")] if case.id else []
    hidden = case.left_out + sum(mark.start == mark.end for mark in case.marks)
    note = f"{show_count(hidden, 'mark')} not drawn: beyond this text, or over no character."
    left = [tag("p", note, class_="note")] if hidden else []
    return tag("article", *name, text, *left, class_="case", data_of=" ".join(kinds))


def _draw_gap(length: int) -> Html:
    return tag("span", f"[{show_count(length, 'character')} left out]", class_="gap") if length else Html()


def find_regions(case: Case) -> list[Region]:
    """The parts of a text that are shown: all of it, or of a long one what is around its mistakes."""
    size = len(case.text)
    if size <= LONG:
        return [(0, size)]
    regions: list[Region] = []
    for mark in case.marks:
        if mark.kind == "right":
            continue
        start, end = _widen(case.text, mark.start - AROUND, end=mark.end + AROUND)
        if regions and start - regions[-1][1] < WORTH:
            regions[-1] = regions[-1][0], max(regions[-1][1], end)
        else:
            regions.append((start, end))
    return regions or [(0, LONG)]


def _widen(text: str, start: int, *, end: int) -> Region:
    """Move both ends to a blank nearby, and to the ends of the text where little would be left out."""
    start, end = max(start, 0), min(end, len(text))
    before, after = text.rfind(" ", max(start - 20, 0), start), text.find(" ", end, end + 20)
    start, end = (before + 1 if before >= 0 else start), (after if after >= 0 else end)
    return (start if start >= WORTH else 0), (end if len(text) - end >= WORTH else len(text))


def _draw_region(case: Case, region: Region, *, colours: Colours) -> Html:
    first, last = region
    marks = [
        replace(mark, start=max(mark.start, first), end=min(mark.end, last))
        for mark in case.marks
        if max(mark.start, first) < min(mark.end, last)
    ]
    return join(_draw_pieces(case.text, region, marks=marks, colours=colours))


def _draw_pieces(text: str, region: Region, *, marks: Sequence[Mark], colours: Colours) -> Iterator[Html]:
    """Pieces in order; the badge of a mark follows its last piece."""
    begins, ends = _group(marks, "start"), _group(marks, "end")
    cuts = sorted({*region, *begins, *ends})
    lanes: dict[int, int] = {}  # of the marks that are open
    for start, end in pairwise(cuts):
        for place in begins.get(start, ()):
            lanes[place] = next(lane for lane in range(len(lanes) + 1) if lane not in lanes.values())
        piece = join([text[start:end]])
        for place in sorted(lanes, reverse=True):
            piece = _wrap(piece, marks[place], colours=colours, lane=lanes[place])
        yield piece
        for place in ends.get(end, ()):
            del lanes[place]
            yield draw_badge(marks[place], colours)


def _group(marks: Iterable[Mark], end: str) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for place, mark in enumerate(marks):
        groups.setdefault(getattr(mark, end), []).append(place)
    return groups


def _wrap(piece: Html, mark: Mark, *, colours: Colours, lane: int) -> Html:
    return tag(
        "span",
        piece,
        class_=f"m {name_style(mark)} {_name_colour(mark, colours)}",
        style=f"--lane:{lane}" if lane else None,
    )


def name_style(mark: Mark) -> str:
    """The class of a mark: its kind, and for wrong bounds whose they are."""
    return ("boundary" if mark.gold else "said") if mark.kind == "boundary" else mark.kind


def _name_colour(mark: Mark, colours: Colours) -> str:
    return name_colour(mark.gold or mark.predicted, colours)


def draw_badge(mark: Mark, colours: Colours) -> Html:
    """The label of a mark and, unless it is right, what is wrong about it."""
    label = tag("bdi", mark.gold or mark.predicted)
    said = tag("bdi", mark.predicted, class_=name_colour(mark.predicted, colours))
    written: dict[str, list[str]] = {
        "right": [label],
        "missed": [label, f"{NO_BREAK}missed"],
        "spurious": [label, f"{NO_BREAK}spurious"],
        "label": [label, f",{NO_BREAK}said{NO_BREAK}", said],
        "boundary": [label, NO_BREAK, "gold" if mark.gold else "said"],
    }
    return tag("b", *written[mark.kind], class_=f"badge {name_style(mark)} {_name_colour(mark, colours)}")
