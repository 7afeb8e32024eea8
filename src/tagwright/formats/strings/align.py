"""Words that a model wrote, put back onto the words of the source. Knows words only: no frame, no label, no token.

Order is kept, and of equal words the one beside its neighbours is taken. Words pair if they are equal but for case, or
if the source has no such word and they are alike: a word that the source doesn't have gets no place.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

EDIT, OPENING = 1 << 20, 1  # fewest words left over on either side; among those ways, in the fewest runs

PAIR, SKIP_SOURCE, SKIP_WRITTEN = range(3)
State = tuple[int, int, int]  # written words and source words done with, and the last step


def align(written: Sequence[str], source: Sequence[str]) -> list[int | None]:
    """For each written word its place among the source words, or None. Places grow.

    A copy is known at once; a near-copy of n words with d differences takes about n * d steps.
    """
    if list(written) == list(source):
        return list(range(len(source)))
    partners = _find_partners(set(written), set(source))
    known = [at for at, word in enumerate(written) if partners[word]]  # the others would only be stepped over
    places: list[int | None] = [None] * len(written)
    for row, column in _search([(written[at], partners[written[at]]) for at in known], source):
        places[known[row]] = column
    return places


def is_alike(word: str, other: str) -> bool:
    """Two spellings of one word: more than half of the longer one agrees, from both its ends."""
    word, other = word.casefold(), other.casefold()
    size, most = max(len(word), len(other)), min(len(word), len(other))
    head = next((at for at in range(most) if word[at] != other[at]), most)
    tail = next((at for at in range(most - head) if word[-1 - at] != other[-1 - at]), most - head)
    return word == other or 2 * (head + tail) > size


def _find_partners(written: set[str], source: set[str]) -> dict[str, set[str]]:
    """For each written word the source words that it may stand for."""
    folded: defaultdict[str, set[str]] = defaultdict(set)
    for word in source:
        folded[word.casefold()].add(word)
    return {
        word: folded.get(word.casefold()) or {other for other in source if is_alike(word, other)} for word in written
    }


def _search(written: list[tuple[str, set[str]]], source: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of the cheapest way through both, found best first (A*).

    A word left over costs EDIT, and so does a pair that is not equal. What is left over of the source before and
    after all that was written is no run: who writes two words only wrote them side by side. Of equally cheap ways
    the one that pairs earliest is found first.
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


def _list_steps(here: State, written: list[tuple[str, set[str]]], source: Sequence[str]) -> Iterator[tuple[State, int]]:
    row, column, last = here
    if row < len(written) and column < len(source) and source[column] in written[row][1]:
        yield (row + 1, column + 1, PAIR), 0 if source[column] == written[row][0] else EDIT
    if column < len(source):
        yield (row, column + 1, SKIP_SOURCE), EDIT + OPENING * (last != SKIP_SOURCE and 0 < row < len(written))
    if row < len(written):
        yield (row + 1, column, SKIP_WRITTEN), EDIT + OPENING * (last != SKIP_WRITTEN)


def _trace(came: dict[State, State], here: State) -> list[tuple[int, int]]:
    pairs = []
    while came[here] != here:
        if here[2] == PAIR:
            pairs.append((here[0] - 1, here[1] - 1))
        here = came[here]
    return pairs[::-1]
