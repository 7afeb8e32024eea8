"""Colours: stable, apart as long as there are any left, and readable (WCAG AA) on both pages."""

import pytest

from page_markup import Reader
from tagwright.evaluation.page.colours import DARK, LIGHT, PALETTE, draw_label, pick_colours, write_palette

TINT = 0.14  # of a label's colour over the page, in page.css


def read(colour: str) -> tuple[float, ...]:
    return tuple(int(part) / 255 for part in colour.split())


def find_luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def find_contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    low, high = sorted((find_luminance(a), find_luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("scheme", "page"), [(0, LIGHT), (1, DARK)])
def test_each_colour_reads_well_on_the_page_and_on_its_own_tint(scheme: int, page: str) -> None:
    for pair in PALETTE:
        ink, paper = read(pair[scheme]), read(page)
        tint = tuple(TINT * a + (1 - TINT) * b for a, b in zip(ink, paper, strict=True))
        assert find_contrast(ink, paper) >= 4.5, pair
        assert find_contrast(ink, tint) >= 4.5, pair


def test_colours_differ_while_there_are_any_left() -> None:
    labels = [f"label {n}" for n in range(len(PALETTE))]
    assert len(set(pick_colours(labels).values())) == len(PALETTE)
    many = pick_colours(f"label {n}" for n in range(3 * len(PALETTE)))
    assert sorted(many.values()) == sorted(list(range(len(PALETTE))) * 3)


def test_a_colour_depends_on_the_labels_and_not_on_their_order() -> None:
    assert pick_colours(["PER", "LOC", "ORG"]) == pick_colours(["ORG", "PER", "PER", "LOC"])
    assert pick_colours(["PER"])["PER"] == pick_colours(["PER", "ORG"])["PER"]
    assert pick_colours([]) == {}


def test_a_label_has_a_dot_if_it_has_a_colour() -> None:
    assert Reader(draw_label("<PER>", {"<PER>": 3})).find("i", "c3")
    plain = Reader(draw_label("<PER>", {}))
    assert not plain.find("i") and plain.text == "<PER>"


def test_the_palette_is_written_for_both_schemes() -> None:
    style = write_palette()
    for light, dark in PALETTE:
        assert f"{{--c:{light}}}" in style.split("@media")[0] and f"{{--c:{dark}}}" in style.split("@media")[1]
