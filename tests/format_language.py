"""Languages of targets, tried out: does one hold a target, and what else is in it? Plain, and slow on long texts."""

from collections.abc import Iterator
from functools import singledispatchmethod
from random import Random

from tagwright.formats.language import (
    Choice,
    Frames,
    Language,
    Literal,
    Many,
    Named,
    NextWord,
    Pointer,
    Rule,
    Run,
    Said,
    Series,
    Tail,
    choose,
)

State = tuple[int, int]  # items of the target and words of the source that are done with


def accept(language: Language, target: str) -> bool:
    """Some way through the rules reads the whole target, and all words where the language copies them."""
    reader = _Reader(language, target.split(" ") if target else [])
    whole = len(reader.items), len(language.words) if language.copies else 0
    return any(state == whole for state in reader.match(language.start, (0, 0)))


class _Reader:
    def __init__(self, language: Language, items: list[str]) -> None:
        self.language, self.words, self.items = language, language.words, items

    @singledispatchmethod
    def match(self, rule: Rule, state: State) -> Iterator[State]:
        raise TypeError(rule)

    @match.register
    def _(self, rule: Literal, state: State) -> Iterator[State]:
        wanted = rule.text.split(" ")
        if self.items[state[0] : state[0] + len(wanted)] == wanted:
            yield state[0] + len(wanted), state[1]

    @match.register
    def _(self, rule: NextWord, state: State) -> Iterator[State]:
        if self.items[state[0] : state[0] + 1] == list(self.words[state[1] : state[1] + 1]) != []:
            yield state[0] + 1, state[1] + 1

    @match.register
    def _(self, rule: Run, state: State) -> Iterator[State]:
        for size in range(1, len(self.items) - state[0] + 1):
            run = tuple(self.items[state[0] : state[0] + size])
            times = sum(self.words[at : at + size] == run for at in range(len(self.words)))
            after = state[0] + size, state[1]
            if times:
                yield after
            if times > 1 and rule.is_numbered:
                yield from self.match(choose(f"= {number}" for number in range(2, times + 1)), after)

    @match.register
    def _(self, rule: Said, state: State) -> Iterator[State]:
        for first in range(len(self.words)):
            for end in range(first + 1, len(self.words) + 1):
                run = "".join(self.words[first:end]).removeprefix(" ")
                for wanted in {run, run.lower()}:
                    size = len(wanted.split(" "))
                    if self.items[state[0] : state[0] + size] == wanted.split(" "):
                        yield state[0] + size, state[1]

    @match.register
    def _(self, rule: Pointer, state: State) -> Iterator[State]:
        pointers = [f"<{n}>" for n in range(len(self.words))]
        places = [pointers.index(item) if item in pointers else -1 for item in self.items[state[0] : state[0] + 2]]
        if places and places[0] >= 0:
            yield state[0] + 1, state[1]
            if len(places) == 2 and places[0] < places[1]:
                yield state[0] + 2, state[1]

    @match.register
    def _(self, rule: Tail, state: State) -> Iterator[State]:
        yield from self.match(rule.rule, state)

    @match.register
    def _(self, rule: Frames, state: State) -> Iterator[State]:  # whatever their order
        yield from self.match(Many(rule.frame), state)

    @match.register
    def _(self, rule: Named, state: State) -> Iterator[State]:
        yield from self.match(self.language.rules[rule.name], state)

    @match.register
    def _(self, rule: Choice, state: State) -> Iterator[State]:
        for each in rule.rules:
            yield from self.match(each, state)

    @match.register
    def _(self, rule: Series, state: State) -> Iterator[State]:
        if not rule.rules:
            yield state
            return
        for after in self.match(rule.rules[0], state):
            yield from self.match(Series(rule.rules[1:]), after)

    @match.register
    def _(self, rule: Many, state: State) -> Iterator[State]:
        if not rule.least:
            yield state
        for after in self.match(rule.rule, state):
            if after != state:
                yield from self.match(Many(rule.rule, max(rule.least - 1, 0)), after)


class DeadEnd(Exception):
    """No words are left where one must follow."""


def write_any(language: Language, drawn: Random) -> str:
    """Some sentence of the language."""
    for _ in range(200):
        writer = _Writer(language, drawn)
        try:
            items = writer.write(language.start)
        except DeadEnd:
            continue
        return " ".join([*items, *(language.words[writer.word :] if language.copies else ())])
    return " ".join(language.words if language.copies else ())


class _Writer:
    def __init__(self, language: Language, drawn: Random) -> None:
        self.language, self.drawn, self.word, self.depth = language, drawn, 0, 0

    @singledispatchmethod
    def write(self, rule: Rule) -> list[str]:
        raise TypeError(rule)

    @write.register
    def _(self, rule: Literal) -> list[str]:
        return [rule.text]

    @write.register
    def _(self, rule: NextWord) -> list[str]:
        if self.word >= len(self.language.words):
            raise DeadEnd
        self.word += 1
        return [self.language.words[self.word - 1]]

    @write.register
    def _(self, rule: Run) -> list[str]:
        first, last = self._draw_places()
        run = self.language.words[first : last + 1]
        times = sum(self.language.words[at : at + len(run)] == run for at in range(len(self.language.words)))
        number = self.drawn.randint(1, times) if rule.is_numbered else 1
        return [*run, *([f"= {number}"] if number > 1 else [])]

    @write.register
    def _(self, rule: Said) -> list[str]:
        first, last = self._draw_places()
        return ["".join(self.language.words[first : last + 1]).removeprefix(" ")]

    @write.register
    def _(self, rule: Pointer) -> list[str]:
        return [f"<{place}>" for place in sorted(set(self._draw_places()))]

    def _draw_places(self) -> list[int]:
        if not self.language.words:
            raise DeadEnd
        return sorted(self.drawn.choices(range(len(self.language.words)), k=2))

    @write.register
    def _(self, rule: Tail) -> list[str]:
        return self.write(rule.rule)

    @write.register
    def _(self, rule: Frames) -> list[str]:
        return self.write(Many(rule.frame))

    @write.register
    def _(self, rule: Named) -> list[str]:
        self.depth += 1
        if self.depth > 6:
            raise DeadEnd
        return self.write(self.language.rules[rule.name])

    @write.register
    def _(self, rule: Choice) -> list[str]:
        if not rule.rules:
            raise DeadEnd
        return self.write(self.drawn.choice(rule.rules))

    @write.register
    def _(self, rule: Series) -> list[str]:
        return [item for part in rule.rules for item in self.write(part)]

    @write.register
    def _(self, rule: Many) -> list[str]:
        return [item for _ in range(rule.least + self.drawn.randint(0, 2)) for item in self.write(rule.rule)]
