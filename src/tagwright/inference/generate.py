"""Generate: prompts in, written tokens out: greedy, under a grammar or free, many proposed tokens checked at once.

What most targets do is copy; so the copy is proposed, one forward pass reads all of it, and it is kept as far as the
model would have written the same token by token. Rows that are done leave the batch, and waiting ones come in.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.writing import Memory, Writing, join, settle, take
from tagwright.errors import RecipeError
from tagwright.formats.grammar.grammar import Grammar, State
from tagwright.inference.draft import Copying

AHEAD, LEAST = 16, 4  # tokens proposed for a row
AT_ONCE = 96  # for all rows, on a processor


@dataclass(frozen=True)
class Prompt:
    """What a model is given to write on. `copy`: tokens that it may copy where no grammar says what comes next."""

    ids: Sequence[int]
    grammar: Grammar | None = None
    copy: Sequence[int] = ()


@dataclass(frozen=True)
class Written:
    """The tokens without the end, the log-probability of each among those that were allowed, whether it ended, and the
    log-probability of all of it, the end too."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]
    is_whole: bool
    total: float


@dataclass
class _Row:
    """One prompt on its way. `last` is to be read next; then the proposals are, each with the state after it."""

    number: int
    last: int
    grammar: Grammar | None
    copying: Copying | None
    state: State | None
    room: int
    ids: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    proposals: list[int] = field(default_factory=list)
    states: list[State | None] = field(default_factory=list)
    is_whole: bool = False
    end_score: float = 0.0

    @property
    def is_done(self) -> bool:
        return self.is_whole or not self.room

    def propose(self, ahead: int) -> None:
        most = min(ahead, self.room - 1)
        if self.grammar is not None and self.state is not None:
            self.proposals, after = self.grammar.propose(self.state, most)
            self.states = [self.state, *after]
        else:
            self.proposals = self.copying.propose(self.ids, most) if self.copying else []
            self.states = [None] * (len(self.proposals) + 1)

    def take(self, chosen: Sequence[int], scores: Sequence[float], *, end: int) -> int:
        """What the model chose after each token read. Returns how many of those stay read."""
        at = 0
        for at, (token, score) in enumerate(zip(chosen, scores, strict=True)):
            if token == end:
                self.is_whole, self.end_score = True, score
                break
            self.ids.append(token)
            self.scores.append(score)
            self.room, self.last = self.room - 1, token
            if at == len(self.proposals) or token != self.proposals[at]:
                before = self.states[at]
                self.state = before.advance(token) if before else None
                break
        return at + 1


def generate(
    writing: Writing,
    prompts: Sequence[Prompt],
    *,
    end: int,
    batch: int = 16,
    most: int = 512,
    ahead: int | None = None,
) -> list[Written]:
    """What a model writes on each prompt, up to `most` tokens; `batch` rows at once, `ahead` tokens proposed for each.

    Left out, `ahead` is 16, and less for many rows on a processor, where a token that is thrown away costs as much as
    one that is kept. The result is that of choosing one token after the other, whatever is proposed, but for rounding.
    """
    if batch < 1 or most < 1:
        raise RecipeError(f"batch is {batch} and most is {most}: at least one row and one token must be written.")
    done: dict[int, Written] = {}
    waiting = deque(_make_row(writing, number, prompt, most) for number, prompt in enumerate(prompts))
    memory: Memory | None = None
    rows: list[_Row] = []
    while waiting or rows:
        free = min(batch - len(rows), len(waiting)) if 4 * len(rows) <= 3 * batch else 0  # several begin at once
        fresh = [waiting.popleft() for _ in range(free)]
        if rows and memory is not None:
            _step(writing, memory, rows, end=end, ahead=ahead)
        if fresh:
            begun = writing.begin([prompts[row.number].ids for row in fresh])
            _step(writing, begun, fresh, end=end, ahead=ahead)
            memory = begun if memory is None or not rows else join(memory, begun)
            rows += fresh
        staying = [at for at, row in enumerate(rows) if not row.is_done]
        if len(staying) < len(rows) and memory is not None:
            done |= {row.number: _finish(row) for row in rows if row.is_done}
            memory, rows = take(memory, staying), [rows[at] for at in staying]
    return [done[number] for number in range(len(prompts))]


def _make_row(writing: Writing, number: int, prompt: Prompt, most: int) -> _Row:
    copying = Copying(prompt.copy) if prompt.copy and prompt.grammar is None else None
    state = prompt.grammar.start if prompt.grammar is not None else None
    return _Row(number, writing.first(prompt.ids), prompt.grammar, copying, state, writing.find_room(prompt.ids, most))


def _finish(row: _Row) -> Written:
    return Written(tuple(row.ids), tuple(row.scores), row.is_whole, fsum(row.scores) + row.end_score)


def _step(writing: Writing, memory: Memory, rows: Sequence[_Row], *, end: int, ahead: int | None) -> None:
    """Propose, read and check once."""
    if ahead is None:
        ahead = min(AHEAD, max(LEAST, AT_ONCE // len(rows))) if writing.device.type == "cpu" else AHEAD
    for row in rows:
        row.propose(ahead)
    width = max(len(row.states) for row in rows)
    wanted = torch.from_numpy(np.arange(width) < np.array([len(row.states) for row in rows])[:, None])
    tokens = [[row.last, *row.proposals] for row in rows]
    states = [state for row in rows for state in row.states]
    bound = [state for state in states if state is not None]
    if len(bound) == len(states):
        allowed = _list_allowed(bound)
        logits = writing.read(memory, tokens, wanted=wanted, among=torch.from_numpy(allowed[0]).to(writing.device))
        chosen, scores = _choose_among(logits, *allowed)
    else:
        chosen, scores = choose(writing.read(memory, tokens, wanted=wanted), states)
    counts, at = [], 0
    for row in rows:
        size = len(row.states)
        counts.append(row.take(chosen[at : at + size], scores[at : at + size], end=end))
        at += size
    settle(memory, counts)


def choose(logits: Tensor, states: Sequence[State | None]) -> tuple[list[int], list[float]]:
    """The best token that each state allows (None: any), and its log-probability among the allowed. Logits N V."""
    tokens, scores = np.zeros(len(states), dtype=np.int64), np.zeros(len(states))
    free = [at for at, state in enumerate(states) if state is None]
    if free:
        tokens[free], scores[free] = _choose(logits[free])
    if bound := {at: state for at, state in enumerate(states) if state is not None}:
        table, is_there = _list_allowed(list(bound.values()))
        own = logits[list(bound)].gather(1, torch.from_numpy(table).to(logits.device))
        tokens[list(bound)], scores[list(bound)] = _choose_among(own, table, is_there)
    return tokens.tolist(), scores.tolist()


def _list_allowed(states: Sequence[State]) -> tuple[np.ndarray, np.ndarray]:
    """The tokens that each state allows (N A), and where there are so many."""
    allowed = [state.allowed for state in states]
    sizes = np.array([len(each) for each in allowed])
    is_there = np.arange(sizes.max()) < sizes[:, None]
    table = np.zeros(is_there.shape, dtype=np.int64)
    table[is_there] = np.concatenate(allowed)
    return table, is_there


def _choose_among(logits: Tensor, table: np.ndarray, is_there: np.ndarray) -> tuple[list[int], list[float]]:
    """The best of the tokens in each row of the table, by their logits N A."""
    best, scores = _choose(logits.masked_fill(torch.from_numpy(~is_there).to(logits.device), -torch.inf))
    return table[np.arange(len(table)), best].tolist(), scores.tolist()


def _choose(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    best = logits.argmax(-1)
    scores = logits.float().log_softmax(-1).gather(1, best[:, None])[:, 0]
    return best.cpu().numpy(), scores.cpu().numpy()
