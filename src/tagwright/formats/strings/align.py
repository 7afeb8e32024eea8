"""Words that a model wrote, put back onto the words of the source. Knows words only: no frame, no label, no token.

Order is kept, and of equal words the one beside its neighbours is taken. Words pair only if they are equal or alike,
so a word that the source doesn't have gets no place.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

EDIT, OPENING = 1 << 20, 1  # fewest words left over on either side; among those, in the fewest runs

PAIR, SKIP_SOURCE, SKIP_WRITTEN = range(3)
State = tuple[int, int, int]  # written words and source words done with, and the last step


def align(written: Sequence[str], source: Sequence[str]) -> list[int | None]:
    """For each written word its place among the source words, or None. Places grow.

    A copy is known at once; a near-copy of n words with d differences takes about n * d steps.
    """
    if list(written) == list(source):
        return list(range(len(source)))
    partners = _find_partners(set(written), set(source))
    rows = [at for at, word in enumerate(written) if partners[word]]
    reached = set().union(*partners.values())
    columns = [at for at, word in enumerate(source) if word in reached]
    places: list[int | None] = [None] * len(written)
    steps = _search([(written[at], partners[written[at]]) for at in rows], [source[at] for at in columns])
    for row, column in steps:
        places[rows[row]] = columns[column]
    return places


def is_alike(word: str, other: str) -> bool:
    """Two spellings of one word: more than half of the longer one agrees, from both its ends."""
    word, other = word.casefold(), other.casefold()
    size, most = max(len(word), len(other)), min(len(word), len(other))
    head = next((at for at in range(most) if word[at] != other[at]), most)
    tail = next((at for at in range(most - head) if word[-1 - at] != other[-1 - at]), most - head)
    return word == other or 2 * (head + tail) > size


def _find_partners(written: set[str], source: set[str]) -> dict[str, set[str]]:
    return {word: {other for other in source if word == other or is_alike(word, other)} for word in written}


def _search(written: list[tuple[str, set[str]]], source: list[str]) -> list[tuple[int, int]]:
    """The pairs of the cheapest way through both, found best first (A*).

    A word left over costs EDIT, and so does a pair that is not equal. Of equally cheap ways the one that pairs
    earliest is found first, so what looks like the beginning of a text is taken for its beginning.
    """
    rows, columns = len(written), len(source)
    came: dict[State, State] = {}
    start: State = (0, 0, PAIR)
    heap = [(EDIT * abs(rows - columns), 0, 0, start, start)]
    pushed = 0
    while heap:
        least, _, _, here, before = heappop(heap)
        if here in came:
            continue
        came[here] = before
        row, column, _ = here
        if row == rows and column == columns:
            break
        spent = least - EDIT * abs((rows - row) - (columns - column))
        for step, cost in _list_steps(here, written, source):
            if step not in came:
                rest = EDIT * abs((rows - step[0]) - (columns - step[1]))
                pushed += 1
                heappush(heap, (spent + cost + rest, -step[0] - step[1], pushed, step, here))
    return _trace(came, here)


def _list_steps(here: State, written: list[tuple[str, set[str]]], source: list[str]) -> Iterator[tuple[State, int]]:
    row, column, last = here
    if row < len(written) and column < len(source) and source[column] in written[row][1]:
        yield (row + 1, column + 1, PAIR), 0 if source[column] == written[row][0] else EDIT
    if column < len(source):
        yield (row, column + 1, SKIP_SOURCE), EDIT + (OPENING if last != SKIP_SOURCE else 0)
    if row < len(written):
        yield (row + 1, column, SKIP_WRITTEN), EDIT + (OPENING if last != SKIP_WRITTEN else 0)


def _trace(came: dict[State, State], here: State) -> list[tuple[int, int]]:
    pairs = []
    while came[here] != here:
        if here[2] == PAIR:
            pairs.append((here[0] - 1, here[1] - 1))
        here = came[here]
    return pairs[::-1]
