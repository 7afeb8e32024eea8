"""Alignment: against brute force, on copies, near-copies and rubbish; which of equal words is taken."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.formats.strings import align as room
from tagwright.formats.strings.align import EDIT, OPENING, align, is_alike


def split(text: str) -> list[str]:
    return text.split()


def cost_of(written: list[str], source: list[str], places: list[int | None]) -> int:
    """What an alignment costs, read off its pairs: left-over words, unequal pairs, and runs of left-over words."""
    pairs = [(-1, -1), *((at, place) for at, place in enumerate(places) if place is not None)]
    pairs.append((len(written), len(source)))
    cost = sum(EDIT * (written[at] != source[place]) for at, place in pairs[1:-1])
    for (at, place), (next_at, next_place) in zip(pairs, pairs[1:], strict=False):
        inner = at >= 0 and next_at < len(written)
        unwritten, unpaired = next_place - place - 1, next_at - at - 1
        cost += EDIT * (unwritten + unpaired) + OPENING * ((unwritten > 0 and inner) + (unpaired > 0))
    return cost


def may_pair(word: str, other: str, source: list[str]) -> bool:
    folded = {each.casefold() for each in source}
    return word.casefold() == other.casefold() or (word.casefold() not in folded and is_alike(word, other))


def brute_force(written: list[str], source: list[str]) -> int:
    @cache
    def least(row: int, column: int, last: str) -> int:
        if row == len(written) and column == len(source):
            return 0
        ways = []
        if row < len(written) and column < len(source):
            word, other = written[row], source[column]
            if may_pair(word, other, source):
                ways.append(EDIT * (word != other) + least(row + 1, column + 1, "pair"))
        if row < len(written):
            ways.append(EDIT + OPENING * (last != "written") + least(row + 1, column, "written"))
        if column < len(source):
            opens = last != "source" and 0 < row < len(written)
            ways.append(EDIT + OPENING * opens + least(row, column + 1, "source"))
        return min(ways)

    return least(0, 0, "pair")


words = st.lists(st.sampled_from(("a", "b", "the", "Paris", "Pariz", "PARIS")), max_size=6)


@settings(max_examples=100, deadline=None)
@given(words, words)
def test_no_alignment_is_cheaper(written: list[str], source: list[str]) -> None:
    places = align(written, source)
    found = [place for place in places if place is not None]
    assert found == sorted(set(found))
    pairs = [(word, source[place]) for word, place in zip(written, places, strict=True) if place is not None]
    assert all(may_pair(one, other, source) for one, other in pairs)
    least = brute_force(written, source)
    assert cost_of(written, source, places) // EDIT == least // EDIT
    if all(any(may_pair(word, other, source) for other in source) for word in written):  # none is set aside beforehand
        assert cost_of(written, source, places) == least


def test_a_copy_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_search", None)
    assert align(split("the cat and the dog"), split("the cat and the dog")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("written", "source", "places"),
    [
        ("the dog", "the cat and the dog", [3, 4]),  # beside its neighbour, not the first
        ("the cat", "the cat and the dog", [0, 1]),
        ("Paris", "Paris and Paris", [0]),  # nothing tells: the first
        ("and Paris", "Paris and Paris", [1, 2]),
        ("Pariz Hiltn was here", "Paris Hilton was here", [0, 1, 2, 3]),
        ("Mr Tolkien wrote", "Tolkien wrote it", [None, 0, 1]),
        ("Berlin was nice", "Paris was nice", [None, 1, 2]),  # another word is not a spelling
        ("the dog", "The dog and the cat", [0, 1]),  # a word in other case is the same word
        ("", "a b", []),
        ("x y z", "", [None, None, None]),
        ("x y", "a b", [None, None]),
    ],
)
def test_which_words_pair(written: str, source: str, places: list[int | None]) -> None:
    assert align(split(written), split(source)) == places


def test_order_is_kept() -> None:
    assert align(split("dog the"), split("the dog")) in ([None, 0], [1, None])


def count_steps(monkeypatch: pytest.MonkeyPatch, written: list[str], source: list[str]) -> int:
    steps = 0

    def pop(heap: list[object]) -> object:
        nonlocal steps
        steps += 1
        return original(heap)

    original = room.heappop
    with monkeypatch.context() as patched:
        patched.setattr(room, "heappop", pop)
        align(written, source)
    return steps


def test_a_near_copy_takes_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(size: int) -> int:
        source = [f"w{at}_{at * at}" for at in range(size)]
        written = [*source[: size // 3], "new", *source[size // 3 : size // 2], *source[size // 2 + 2 :]]
        return count_steps(monkeypatch, written, source)

    assert steps(400) < 2.2 * steps(200)
    assert steps(400) < 400 * 6


def test_rubbish_is_not_searched_through(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_steps(monkeypatch, ["zzz"] * 300, [f"w{at}" for at in range(300)]) <= 301


@pytest.mark.parametrize(
    ("word", "other", "alike"),
    [
        ("Paris", "paris", True),
        ("Hilton", "Hiltn", True),
        ("Ford", "Ford's", True),
        ("a", "b", False),
        ("was", "were", False),
    ],
)
def test_spellings_of_one_word(word: str, other: str, alike: bool) -> None:
    assert is_alike(word, other) is is_alike(other, word) is alike
