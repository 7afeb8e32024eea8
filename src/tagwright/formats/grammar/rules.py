"""Rules to items: a language as the automaton runs it. Knows no token."""

from collections.abc import Mapping
from functools import singledispatch

from tagwright.formats.grammar.items import (
    AllOf,
    Call,
    Copy,
    EachOnce,
    Item,
    OneOf,
    Pointers,
    Repeat,
    Speech,
    Stretch,
    Texts,
)
from tagwright.formats.grammar.ordered import Form, Ordered
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
)

NEVER = 1_000_000_000  # what a rule that can't be written needs of source words


class Compiler:
    """Makes items of a language's rules. `most`: how often what copies no word may come again."""

    def __init__(self, language: Language, *, most: int) -> None:
        self.most = most
        self.least_run = 0 if language.words else NEVER
        self.needs: Mapping[str, int] = dict.fromkeys(language.rules, NEVER)
        for _ in language.rules:  # each round settles one more rule
            self.needs = {name: measure(rule, self) for name, rule in language.rules.items()}
        self.start = compile_rule(language.start, self)
        self.rules = {name: compile_rule(rule, self) for name, rule in language.rules.items()}


@singledispatch
def measure(rule: Rule, compiler: Compiler) -> int:
    """How many words of the source a rule copies at least."""
    return 0


@measure.register
def _(rule: NextWord, compiler: Compiler) -> int:
    return 1


@measure.register(Run)
@measure.register(Said)
@measure.register(Pointer)
def _(rule: Rule, compiler: Compiler) -> int:
    return compiler.least_run


@measure.register
def _(rule: Tail, compiler: Compiler) -> int:
    return measure(rule.rule, compiler)


@measure.register
def _(rule: Named, compiler: Compiler) -> int:
    return compiler.needs[rule.name]


@measure.register
def _(rule: Series, compiler: Compiler) -> int:
    return min(sum(measure(each, compiler) for each in rule.rules), NEVER)


@measure.register
def _(rule: Choice, compiler: Compiler) -> int:
    return min((measure(each, compiler) for each in rule.rules), default=NEVER)


@measure.register
def _(rule: Many, compiler: Compiler) -> int:
    return min(rule.least * measure(rule.rule, compiler), NEVER)


@singledispatch
def compile_rule(rule: Rule, compiler: Compiler) -> Item:
    raise TypeError(rule)


@compile_rule.register
def _(rule: Literal, compiler: Compiler) -> Item:
    return Texts((rule.text,), ((),), 0)


@compile_rule.register
def _(rule: NextWord, compiler: Compiler) -> Item:
    return Copy()


@compile_rule.register
def _(rule: Run, compiler: Compiler) -> Item:
    return Stretch(rule.is_numbered, need=compiler.least_run)


@compile_rule.register
def _(rule: Said, compiler: Compiler) -> Item:
    return Speech(need=compiler.least_run)


@compile_rule.register
def _(rule: Pointer, compiler: Compiler) -> Item:
    return Pointers(need=compiler.least_run)


@compile_rule.register
def _(rule: Tail, compiler: Compiler) -> Item:
    return compile_rule(rule.rule, compiler)


@compile_rule.register
def _(rule: Named, compiler: Compiler) -> Item:
    return Call(rule.name, measure(rule, compiler))


@compile_rule.register
def _(rule: Series, compiler: Compiler) -> Item:
    return AllOf(tuple(compile_rule(each, compiler) for each in rule.rules), measure(rule, compiler))


@compile_rule.register
def _(rule: Choice, compiler: Compiler) -> Item:
    rules = [each for each in rule.rules if measure(each, compiler) < NEVER]
    heads = [_part_head(each) for each in rules]
    if rules and all(text is not None for text, _ in heads):
        texts = tuple(text or "" for text, _ in heads)
        rests = tuple(tuple(compile_rule(each, compiler) for each in rest) for _, rest in heads)
        return Texts(texts, rests, measure(rule, compiler))
    return OneOf(tuple(compile_rule(each, compiler) for each in rules), measure(rule, compiler))


@compile_rule.register
def _(rule: Many, compiler: Compiler) -> Item:
    body = compile_rule(rule.rule, compiler)
    if measure(rule.rule, compiler) >= NEVER:
        return Repeat(body, rule.least, most=0)
    if isinstance(rule.rule, Choice) and isinstance(body, Texts) and not rule.least:
        return EachOnce(body.texts, body.rests)
    return Repeat(body, rule.least, None if body.need else compiler.most)


@compile_rule.register
def _(rule: Frames, compiler: Compiler) -> Item:
    if measure(rule.frame, compiler) >= NEVER:
        return AllOf((), 0)
    return Ordered(Form(isinstance(rule.name, Pointer), rule.labels, compile_rule(rule.rest, compiler)))


def _part_head(rule: Rule) -> tuple[str | None, tuple[Rule, ...]]:
    """The text that a rule begins with, if it is always the same, and what follows it."""
    if isinstance(rule, Literal):
        return rule.text, ()
    if isinstance(rule, Series) and rule.rules and isinstance(rule.rules[0], Literal):
        return rule.rules[0].text, rule.rules[1:]
    return None, ()
