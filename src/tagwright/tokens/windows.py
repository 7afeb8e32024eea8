"""Windows: how a document longer than a model's limit is cut, and which window answers for which word.

Knows nothing of tokenizers, models or labels.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """Words `[start, end)` go into the model together; this window answers for `[first, last)` of them.

    Every word of a document is answered for by exactly one window: the one that shows more around it.
    """

    start: int
    end: int
    first: int
    last: int


def cut_windows(starts: NDArray[np.int32], *, limit: int, overlap: int) -> list[Window]:
    """Cut a document into windows of at most `limit` tokens that share about `overlap` tokens.

    `starts` are the token offsets of the words, as in `Encoded`. Windows begin and end between words. A single
    word longer than the limit gets a window of its own; the caller cuts its tokens and counts that.
    """
    words = len(starts) - 1
    bounds = [(0, _find_end(starts, 0, limit))]
    while bounds[-1][1] < words:
        start, end = bounds[-1]
        # the first word whose shared part fits the overlap and leaves room for one new word
        shared = max(starts[end] - overlap, starts[end + 1] - limit)
        begin = min(max(int(np.searchsorted(starts, shared)), start + 1), end)
        bounds.append((begin, _find_end(starts, begin, limit)))
    edges = [0]
    for (_, end), (begin, _) in zip(bounds, bounds[1:], strict=False):
        middle = (int(starts[begin]) + int(starts[end])) / 2
        edges.append(int(np.clip(np.searchsorted(starts, middle), begin, end)))
    edges.append(words)
    return [
        Window(start, end, first, last)
        for (start, end), first, last in zip(bounds, edges, edges[1:], strict=False)
        if last > first or words == 0
    ]


def find_window(windows: Sequence[Window], bounds: tuple[int, int]) -> int | None:
    """Which window answers for a stretch of words: that of its first word, or the next one that shows it whole."""
    start, end = bounds
    answering = bisect_right(windows, start, key=lambda window: window.first) - 1
    at = max(answering, bisect_left(windows, end, key=lambda window: window.end))
    return at if at < len(windows) and windows[at].start <= start else None


def _find_end(starts: NDArray[np.int32], start: int, limit: int) -> int:
    """The last word (exclusive) that still fits; always at least one word where there is one."""
    end = int(np.searchsorted(starts, starts[start] + limit, side="right")) - 1
    return min(max(end, start + 1), len(starts) - 1)
