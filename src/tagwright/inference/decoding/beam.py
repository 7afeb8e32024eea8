"""Beam search: of each prompt's outputs the most probable one that a few paths at a time find, under a grammar or free.

A path's worth is the log-probability of its tokens, the end's too, each among those that were allowed: it only falls,
so a whole output that no open path can still beat ends the search. Knows no documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tagwright.backbone.writing import Writing, settle, take
from tagwright.errors import RecipeError
from tagwright.formats.grammar.grammar import State
from tagwright.inference.generate import Prompt, Written

Choice = tuple[int, float]  # a token and its log-probability


@dataclass(frozen=True)
class _Path:
    """What was written so far. `last` is to be read next."""

    last: int
    state: State | None
    ids: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    total: float = 0.0

    def go_on(self, token: int, score: float) -> "_Path":
        state = self.state.advance(token) if self.state else None
        return _Path(token, state, (*self.ids, token), (*self.scores, score), self.total + score)


class _Search:
    """The open paths of one prompt, all of one length, the best first; and the best whole output so far."""

    def __init__(self, start: _Path, *, beams: int, room: int, end: int) -> None:
        self.paths, self.beams, self.room, self.end = [start], beams, room, end
        self._best: _Path | None = None
        self._longest = start

    def go_on(self, choices: Sequence[Sequence[Choice]]) -> list[int]:
        """Go on from every open path by its best tokens; gives the old path that each new one comes from."""
        found = [
            (path.total + score, at, token, score)
            for at, (path, ranked) in enumerate(zip(self.paths, choices, strict=True))
            for token, score in ranked
        ]
        found.sort(key=lambda each: -each[0])  # stable: of equals, the better path's
        for total, at, token, _ in found[: self.beams]:
            if token == self.end and (self._best is None or total > self._best.total):
                path = self.paths[at]
                self._best = _Path(token, None, path.ids, path.scores, total)
        going = [each for each in found if each[2] != self.end][: self.beams]
        if not going or (self._best is not None and self._best.total >= going[0][0]):
            self.paths = []
            return []
        self.paths = [self.paths[at].go_on(token, score) for _, at, token, score in going]
        self._longest = self.paths[0]
        if len(self._longest.ids) == self.room:
            self.paths = []
            return []
        return [at for _, at, _, _ in going]

    def finish(self) -> Written:
        """The best whole output; where none was found, the best of those that were cut off."""
        best = self._best or self._longest
        return Written(best.ids, best.scores, self._best is not None, best.total)


def search_beams(
    writing: Writing,
    prompts: Sequence[Prompt],
    *,
    end: int,
    beams: int,
    batch: int = 16,
    most: int = 512,
) -> list[Written]:
    """What a model writes on each prompt, up to `most` tokens, with `beams` paths of each; `batch` rows at once.

    One path is greedy decoding, as `generate` does it faster: here one token is read at a time.
    """
    if min(beams, batch, most) < 1:
        raise RecipeError(
            f"beams is {beams}, batch is {batch} and most is {most}: at least one path, row and token must be written."
        )
    size = max(1, batch // beams)
    chunks = [prompts[at : at + size] for at in range(0, len(prompts), size)]
    return [written for chunk in chunks for written in _search(writing, chunk, end=end, beams=beams, most=most)]


def _search(writing: Writing, prompts: Sequence[Prompt], *, end: int, beams: int, most: int) -> list[Written]:
    searches = []
    for prompt in prompts:
        start = _Path(writing.first(prompt.ids), None if prompt.grammar is None else prompt.grammar.start)
        searches.append(_Search(start, beams=beams, room=writing.find_room(prompt.ids, most), end=end))
    memory = writing.begin([prompt.ids for prompt in prompts])
    while paths := [path for search in searches for path in search.paths]:
        logits = writing.read(memory, [[path.last] for path in paths])[:, 0]
        settle(memory, [1] * len(paths))
        choices = rank(logits, [path.state for path in paths], most=beams + 1)  # the end may be one of them
        kept, at = [], 0
        for search in searches:
            size = len(search.paths)
            kept += [at + old for old in search.go_on(choices[at : at + size])]
            at += size
        memory = take(memory, kept)
    return [search.finish() for search in searches]


def rank(logits: Tensor, states: Sequence[State | None], *, most: int) -> list[list[Choice]]:
    """The best tokens that each state allows (None: any), with log-probabilities among the allowed. Logits N V."""
    found = []
    for row, state in zip(logits, states, strict=True):
        allowed = None if state is None else torch.from_numpy(state.allowed).to(row.device)
        scores = (row if allowed is None else row[allowed]).float().log_softmax(-1)
        best = scores.sort(descending=True, stable=True).indices[:most]
        tokens = best if allowed is None else allowed[best]
        found.append(list(zip(tokens.tolist(), scores[best].tolist(), strict=True)))
    return found
