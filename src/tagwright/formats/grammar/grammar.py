"""Grammar: a language over the tokens of a lexicon, as an automaton that is built while it is used. Knows no model.

It accepts every target as `Lexicon.encode` writes it, but for frames nested deeper than `deepest`, a frame with more
than `most` links, and values that are a part of a long row of pieces without blanks. From each state some end can be
reached, and whatever is written ends. A tail may be any name that its rule allows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tagwright.formats.grammar.items import Arc, Context, Thread
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.grammar.rules import Compiler
from tagwright.formats.grammar.source import Source
from tagwright.formats.grammar.trie import Node
from tagwright.formats.language import Language

Allowed = NDArray[np.int64]
DEEPEST, MOST = 8, 16


class State:
    """What may be written after some tokens. States are kept, so that asking twice costs nothing."""

    __slots__ = ("_after", "_allowed", "_grammar", "_waiting", "can_end")

    def __init__(self, grammar: "Grammar", waiting: "list[tuple[Node, Arc]]", *, can_end: bool) -> None:
        self._grammar, self._waiting, self.can_end = grammar, waiting, can_end
        self._after: dict[int, State | None] = {}
        self._allowed: Allowed | None = None

    @property
    def allowed(self) -> Allowed:
        """The tokens that may come next, ascending; the end is among them where it may come. Never empty."""
        if self._allowed is None:
            tokens = {token for node, _ in self._waiting for token in node.children}
            tokens |= {self._grammar.lexicon.end} if self.can_end else set()
            self._allowed = np.array(sorted(tokens), dtype=np.int64)
        return self._allowed

    def advance(self, token: int) -> "State | None":
        """The state after a further token (not the end), or None where it may not come."""
        if token not in self._after:
            self._after[token] = self._grammar.move(self._waiting, token)
        return self._after[token]

    def guess(self) -> int | None:
        """The one token that may come, or that of the next word of the source where targets copy it."""
        if len(self.allowed) == 1:
            return int(self.allowed[0])
        if self._grammar.language.copies:
            for node, arc in self._waiting:
                if arc.is_copy:
                    return next(iter(node.children))
        return None


class Grammar:
    """The automaton of one part of one document. `deepest`: frames within each other, `most`: links of a frame."""

    def __init__(self, language: Language, lexicon: Lexicon, *, deepest: int = DEEPEST, most: int = MOST) -> None:
        self.language, self.lexicon = language, lexicon
        source = Source(language.words, lexicon)
        compiler = Compiler(language, most=most)
        self._context = Context(source, deepest=deepest)
        self._context.rules.update(compiler.rules)
        self._begin = Thread(self._context.keep(compiler.start, None), is_first=True)

    @property
    def start(self) -> State:
        """Made anew each time: a grammar that kept its states, which know it, would wait for the garbage collector."""
        return self._settle([self._begin])

    @property
    def lost(self) -> Counter[str]:
        """Words of the source that the tokenizer can't write as they are: no path gives them back."""
        words = [word for piece in self.language.words for word in piece.split()]
        self.lexicon.learn(words)
        return Counter(word for word in words if self.lexicon.loses(word))

    def walk(self, ids: Iterable[int]) -> State | None:
        """The state after some tokens, or None where they aren't allowed."""
        state: State | None = self.start
        for token in ids:
            state = state.advance(token) if state else None
        return state

    def accepts(self, ids: Iterable[int]) -> bool:
        """These tokens, without the end, are a whole target."""
        state = self.walk(ids)
        return state is not None and state.can_end

    def propose(self, state: State, most: int) -> tuple[list[int], list[State]]:
        """Tokens that are likely to come next, as many as can be guessed, and the state after each."""
        tokens: list[int] = []
        states: list[State] = []
        while len(tokens) < most:
            token = state.guess()
            after = None if token is None or token == self.lexicon.end else state.advance(token)
            if token is None or after is None:
                break
            tokens.append(token)
            states.append(after)
            state = after
        return tokens, states

    # --- the automaton ------------------------------------------------------------------------------------------------

    def move(self, waiting: "Sequence[tuple[Node, Arc]]", token: int) -> State | None:
        going, ended = [], []
        for node, arc in waiting:
            child = node.children.get(token)
            if child is not None:
                ended += [arc.follow(value) for value in child.ends]
                if child.children:
                    going.append((child, arc))
        if not going and not ended:
            return None
        return self._settle(ended, going)

    def _settle(self, threads: list[Thread], going: "Sequence[tuple[Node, Arc]]" = ()) -> State:
        """Open threads until each one waits for a token."""
        waiting, can_end = list(going), False
        stack = [thread for thread in threads if self._is_viable(thread)]
        seen = set(stack)
        while stack:
            thread = stack.pop()
            if thread.stack is None:
                can_end |= not self.language.copies or thread.at == len(self.language.words)
                continue
            for found in thread.stack.item.open(thread, self._context):
                for after in self._follow(found, waiting):
                    if after not in seen and self._is_viable(after):
                        seen.add(after)
                        stack.append(after)
        return State(self, waiting, can_end=can_end)

    @staticmethod
    def _follow(found: Thread | Arc, waiting: "list[tuple[Node, Arc]]") -> Iterator[Thread]:
        if isinstance(found, Thread):
            yield found
            return
        if found.node.children:
            waiting.append((found.node, found))
        for value in found.node.ends:  # a text without tokens
            yield found.follow(value)

    def _is_viable(self, thread: Thread) -> bool:
        return thread.at + (thread.stack.need if thread.stack else 0) <= len(self.language.words)
