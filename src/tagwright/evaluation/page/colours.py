"""A colour for each label, told apart by the colour-blind and readable on light and dark pages. Knows labels only."""

from collections.abc import Iterable, Mapping
from zlib import crc32

from tagwright.evaluation.page.elements import Html, join, tag

# Red, green, blue for a light and for a dark page. They differ in hue and lightness; a name always stands beside.
PALETTE = (
    ("11 92 173", "116 178 255"),  # blue
    ("168 56 0", "255 160 112"),  # vermilion
    ("0 107 75", "79 208 165"),  # green
    ("134 57 131", "230 165 226"),  # purple
    ("130 84 0", "240 189 79"),  # ochre
    ("0 103 125", "95 207 230"),  # teal
    ("172 34 90", "255 146 186"),  # pink
    ("73 73 178", "180 180 255"),  # indigo
    ("84 98 0", "194 208 79"),  # olive
    ("104 79 64", "208 184 167"),  # brown
)
LIGHT, DARK = "255 255 255", "20 23 27"  # the two pages

Colours = Mapping[str, int]


def pick_colours(labels: Iterable[str]) -> dict[str, int]:
    """A place in the palette for each label: by its name, so that it stays the same from run to run.

    Where two labels meet, the second takes the next free place; beyond ten labels, places are shared.
    """
    places: dict[str, int] = {}
    free: list[int] = []
    for label in sorted(set(labels)):
        free = free or list(range(len(PALETTE)))
        wanted = crc32(label.encode("utf-8", "replace")) % len(PALETTE)
        places[label] = next((place for place in free if place >= wanted), free[0])
        free.remove(places[label])
    return places


def name_colour(label: str, colours: Colours) -> str:
    """The class of a label's colour."""
    return f"c{colours[label]}" if label in colours else ""


def draw_label(label: str, colours: Colours) -> Html:
    """A label's name, after a dot in its colour if it has one."""
    dot = [tag("i", class_=f"dot {name_colour(label, colours)}", aria_hidden="true")] if label in colours else []
    return join([*dot, tag("bdi", label)])


def write_palette() -> str:
    """The palette as CSS."""
    light, dark = (
        "".join(f".c{place}{{--c:{pair[scheme]}}}" for place, pair in enumerate(PALETTE)) for scheme in (0, 1)
    )
    pages = f":root{{--page:{LIGHT}}}", f":root{{--page:{DARK}}}"
    return f"{pages[0]}{light}\n@media screen and (prefers-color-scheme:dark){{{pages[1]}{dark}}}\n"
