"""The built-in corpus: invented documents for every task, seeded, so that demo and tests need no download.

Knows nothing of models. Names are made of syllables, so two corpora share few. Some labels can only be told
from the words to their right (`RIGHT_CONTEXT`); others only from the left; a few spans are ambiguous, as in life.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tagwright.registry import Table
from tagwright.text.document import Document, place_span
from tagwright.text.relation import Relation
from tagwright.text.span import Chars
from tagwright.text.words import split_words

SLOT = re.compile(r"\{(\w+)(?::([\w.]*)(?:/(\w+))?)?\}")


@dataclass(frozen=True)
class Grammar:
    """What one task's documents are made of: patterns, each with slots to be filled.

    In a pattern, `{list}` is a drawn word, `{list:LABEL}` a span and `{list:LABEL/key}` one that edges may name;
    edges follow after `||`: `x ARG0 a` is a relation ARG0 from x to a.
    A pattern of the right group is one of `lefts`, then `{middle:LABEL/x}`, then one of `rights[LABEL]`:
    left, middle and label are drawn independently, so that only what follows tells the label.
    """

    patterns: tuple[str, ...]
    lefts: tuple[str, ...]
    middle: str
    rights: Mapping[str, tuple[str, ...]]
    right_share: float = 0.4
    lower: bool = False

    def draw(self, drawn: Random) -> str:
        """One pattern, its slots still open."""
        if drawn.random() >= self.right_share:
            return drawn.choice(self.patterns)
        left, label = drawn.choice(self.lefts), drawn.choice(sorted(self.rights))
        left, _, left_edges = left.partition("||")
        right, _, right_edges = drawn.choice(self.rights[label]).partition("||")
        return f"{left}{{{self.middle}:{label}/x}}{right}||{left_edges};{right_edges}"


def make_corpus(task: str = "ner", *, documents: int, seed: int) -> list[Document]:
    """Documents of one task: "ner", "relations", "roles", "events" or "slots".

    The same task and seed give the same documents; a larger corpus begins with the smaller one.
    """
    grammar = GRAMMARS[task]
    return [_make_document(grammar, f"{task}-{seed}-{at}") for at in range(documents)]


def _make_document(grammar: Grammar, name: str) -> Document:
    drawn = Random(name)
    draft = _Draft()
    for _ in range(drawn.choice((1, 1, 2, 2, 3))):
        draft.write(grammar.draw(drawn), drawn)
    return draft.finish(name, lower=grammar.lower)


class _Draft:
    """A text being written: its characters, spans and relations so far."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: list[tuple[Chars, str]] = []
        self.relations: list[Relation] = []

    def write(self, pattern: str, drawn: Random) -> None:
        """Fill the slots of a pattern and append it."""
        pattern, _, edges = pattern.partition("||")
        keys: dict[str, int] = {}
        if self.text:
            self.text += " "
        begin, at = len(self.text), 0
        for slot in SLOT.finditer(pattern):
            self.text += pattern[at : slot.start()]
            at, start = slot.end(), len(self.text)
            self.text += _fill(slot[1], drawn)
            if slot[2] is not None:
                keys[slot[3] or ""] = len(self.spans)
                self.spans.append(((start, len(self.text)), slot[2]))
        self.text += pattern[at:].rstrip()
        self.text = self.text[:begin] + self.text[begin : begin + 1].upper() + self.text[begin + 1 :]
        for edge in edges.split(";"):
            if edge.strip():
                head, label, tail = edge.split()
                self.relations.append(Relation(keys[head], keys[tail], label))

    def finish(self, name: str, *, lower: bool) -> Document:
        text = self.text.lower() if lower else self.text
        offsets = split_words(text)
        spans = tuple(span for chars, label in self.spans if (span := place_span(offsets, [chars], label=label)))
        return Document(text, offsets, spans, tuple(self.relations), id=name)


def _fill(name: str, drawn: Random) -> str:
    """A word or phrase of a list; the open lists make names, dates and numbers."""
    if name == "name":
        return " ".join(_make_name(drawn) for _ in range(drawn.choice((1, 1, 2))))
    if name == "firm":
        return f"{_make_name(drawn)} {drawn.choice(WORDS['kind_of_firm'])}"
    if name == "prize":
        return f"{_make_name(drawn)} {drawn.choice(('Prize', 'Medal'))}"
    if name == "date":
        day, year = drawn.randint(1, 28), drawn.randint(1900, 2030)
        month = drawn.choice(WORDS["month"])
        return drawn.choice((f"{day} {month} {year}", f"{month} {year}", f"{day} {month}"))
    if name == "clock":
        return drawn.choice((f"{drawn.randint(1, 12)} pm", f"{drawn.randint(0, 23)}:{drawn.randint(10, 59)}", "noon"))
    if name == "number":
        return str(drawn.randint(2, 90))
    return drawn.choice(WORDS[name])


def _make_name(drawn: Random) -> str:
    if drawn.random() < 0.2:
        return drawn.choice(WORDS["common_name"])
    parts = (WORDS["onset"], WORDS["core"], WORDS["coda"])
    return "".join(drawn.choice(part) for part in parts).capitalize()


WORDS: Mapping[str, tuple[str, ...]] = {
    name: tuple(words.split("|"))
    for name, words in {
        "onset": "b|br|c|cl|d|dr|f|g|gr|h|j|k|kr|l|m|n|p|r|s|sh|st|t|tr|th|v|w|z|al|el|or|is|ul|an|ar",
        "core": "a|e|i|o|u|ai|ea|ora|ila|eno|ari|uma|ola|indi|esta|ane|ove|ami",
        "coda": "wick|ton|ra|n|l|m|ford|nd|sk|lia|no|ris|va|rt|ska|les|din|mar|beth|ley|quist|zan|ko|ra|th|gar",
        "common_name": "Anna|Omar|Lucia|Peter|Mei|Ivan|Grace|Amir|Sofia|Kofi|Jana|Diego|Noor|Emil|Rosa|Victoria"
        "|Florence|Jordan|Paris|Sydney|Chelsea|Madison|Austin|Georgia|Carolina|Lincoln|Washington|Hudson",
        "kind_of_firm": "Ltd|Bank|University|Press|Holdings|Institute|Foods|Airlines",
        "month": "January|February|March|April|June|July|August|October|November|December",
        "season": "spring|summer|autumn|winter|year|week",
        "title": "Dr|Mrs|Captain|Judge|Professor|Sir|Mr",
        "someone": "my sister|the editor|an old neighbour|the whole class|our guide|a friend|the mayor|the driver",
        "adverb": "slowly|at last|in the end|without a word|as always|after the rain|for a while|once more",
        "adjective": "plain|quiet|famous|small|strange|new|grey|lonely",
        "thing": "bridge|house|garden|painting|bicycle|piano|letter|map|lamp|boat|field",
        "food": "bread|soup|rice|apples|tea|noodles",
        "staff": "clerks|drivers|nurses|workers|cooks|guards",
        "weapon": "shots|rockets|arrows|cannons",
        "clay": "pots|bricks|vases|tiles|bowls",
        "shop": "shop|hotel|school|newspaper|museum|farm",
        "race": "marathon|relay|sprint|race|mile",
        "liquid": "bath|tap|water|shower",
        "run": "ran|runs",
        "bought": "bought|buys",
        "sold": "sold",
        "gave": "gave|gives",
        "given": "given",
        "ate": "ate|eats",
        "born": "born",
        "met": "met|meets",
        "talks": "talks|meeting|summit",
        "travelled": "travelled|flew|sailed",
        "fire": "fired|fires",
        "genre": "jazz|folk|rock|opera|blues",
        "day": "today|tomorrow|on monday|on friday|next week|this weekend",
    }.items()
}

NER = Grammar(
    patterns=(
        "{title} {name:PERSON} opened the {adjective} {thing} {adverb}.",
        "The letter was signed by {title} {name:PERSON} and sent on {date:DATE}.",
        "{someone} asked {title} {name:PERSON} about the {thing}.",
        "The train from {name:PLACE} was late {adverb}.",
        "{someone} has lived near {name:PLACE} since {date:DATE}.",
        "They moved to {name:PLACE} and bought a {adjective} {thing} there.",
        "The {adjective} {thing} was sold to {firm:ORG} on {date:DATE}.",
        "{firm:ORG} hired {number} {staff} in {name:PLACE} {adverb}.",
        "{someone} works for {firm:ORG} and never saw the {thing}.",
        "The novel {name:WORK} won the {prize:AWARD} {adverb}.",
        "{name:TEAM} beat {name:TEAM} by {number} points {adverb}.",
        "On {date:DATE} {name:PLACE} celebrated {adverb}.",  # the same words, two labels: ambiguous on purpose
        "On {date:DATE} {name:TEAM} celebrated {adverb}.",
        "Nothing happened {adverb}, and {someone} sold the {adjective} {thing}.",
    ),
    lefts=(
        "Few visitors know ",
        "The report mentions ",
        "{someone} had never heard of ",
        "Last {season} the papers wrote about ",
        "The {adjective} film is about ",
        "Nobody could forget ",
        "{adverb} we came to speak of ",
    ),
    middle="name",
    rights={
        "RIVER": (
            ", the river that floods every {season}.",
            ", whose banks are {adjective} and green.",
            ", which flows past the {adjective} {thing}.",
            " and its {adjective} water.",
        ),
        "SINGER": (
            ", the singer who gave {someone} a {thing}.",
            ", whose voice was {adjective} and warm.",
            ", who sang {adverb} by the {adjective} {thing}.",
            " and her {adjective} songs.",
        ),
        "SHIP": (
            ", the ship that sank last {season}.",
            ", whose crew was {adjective} and brave.",
            ", which sailed {adverb} with {number} {staff}.",
            " and its {adjective} sails.",
        ),
    },
)

RELATIONS = Grammar(
    patterns=(
        "{title} {name:PERSON/a} works for {firm:ORG/b} {adverb}.||a works_for b",
        "{firm:ORG/b} hired {title} {name:PERSON/a} on {date:DATE}.||a works_for b",
        "{firm:ORG/a} has its offices in {name:PLACE/b}.||a based_in b",
        "{title} {name:PERSON/a} was born in {name:PLACE/b} on {date:DATE}.||a born_in b",
        "{title} {name:PERSON/a} left {name:PLACE} and joined {firm:ORG/b} in {name:PLACE/c}."
        "||a works_for b;b based_in c",
        "{title} {name:PERSON/a} married {title} {name:PERSON/b} in {name:PLACE}.||a married_to b",
        "{title} {name:PERSON} met {title} {name:PERSON} near {name:PLACE}.",
        "{firm:ORG/a} bought {firm:ORG/b} {adverb}.||a owns b",
    ),
    lefts=("The {adjective} book is about ", "{someone} remembers ", "Last {season} we heard of ", "They often visit "),
    middle="name",
    rights={
        "FOUNDER": (
            ", who founded {firm:ORG/b} {adverb}.||x founded b",
            ", who was born in {name:PLACE/b}.||x born_in b",
        ),
        "VENUE": (
            ", which opened in {name:PLACE/b} on {date:DATE}.||x located_in b",
            ", a {adjective} hall that belongs to {firm:ORG/b}.||b owns x",
        ),
        "BAND": (
            ", who play {genre} with {name:PERSON/b} every {season}.||b member_of x",
            ", a {genre} band from {name:PLACE/b}.||x based_in b",
        ),
    },
)

ROLES = Grammar(
    patterns=(
        "{name:/a} {adverb} {bought:buy.01/p} a {thing:/b} from {name:/c}.||p ARG0 a;p ARG1 b;p ARG2 c",
        "{name:/a} {sold:sell.01/p} the {adjective} {thing:/b} to {name:/c}.||p ARG0 a;p ARG1 b;p ARG2 c",
        "{name:/a} {gave:give.01/p} {name:/c} a {thing:/b} {adverb}.||p ARG0 a;p ARG1 b;p ARG2 c",
        "The {thing:/b} was {given:give.01/p} to {name:/c} by {name:/a}.||p ARG0 a;p ARG1 b;p ARG2 c",
        "In {name:/m} {name:/a} {ate:eat.01/p} {food:/b}.||p ARGM-LOC m;p ARG0 a;p ARG1 b",
        "{name:/a} {ate:eat.01/p} {food:/b} in {name:/m} {adverb}.||p ARG0 a;p ARG1 b;p ARGM-LOC m",
        "{name:/a} {bought:buy.01/p} {food:/b} and {ate:eat.01/q} it.||p ARG0 a;p ARG1 b;q ARG0 a",
    ),
    lefts=("{name:/a} ", "{name:/a} {adverb} ", "Last {season} {name:/a} ", "{someone} says {name:/a} "),
    middle="run",
    rights={
        "run.manage": (
            " the {adjective} {shop:/b} in {name:/m}.||x ARG0 a;x ARG1 b;x ARGM-LOC m",
            " a {shop:/b} {adverb}.||x ARG0 a;x ARG1 b",
        ),
        "run.race": (
            " the {adjective} {race:/b} in {name:/m}.||x ARG0 a;x ARG1 b;x ARGM-LOC m",
            " a {race:/b} {adverb}.||x ARG0 a;x ARG1 b",
        ),
        "run.pour": (
            " the {adjective} {liquid:/b} in {name:/m}.||x ARG0 a;x ARG1 b;x ARGM-LOC m",
            " a {liquid:/b} {adverb}.||x ARG0 a;x ARG1 b",
        ),
    },
)

EVENTS = Grammar(
    patterns=(
        "{name:/a} was {born:Birth/t} in {name:/p} on {date:/d}.||t Child a;t Place p;t Time d",
        "{firm:/a} {bought:Purchase/t} the {shop:/b} from {name:/c}.||t Buyer a;t Thing b;t Seller c",
        "The {shop:/b} was {sold:Purchase/t} to {firm:/a} {adverb}.||t Thing b;t Buyer a",
        "{name:/a} {met:Meeting/t} {name:/b} in {name:/p}.||t Person a;t Person b;t Place p",
        "After the {talks:Meeting/t} in {name:/p} {name:/a} {travelled:Travel/u} to {name:/q}."
        "||t Place p;u Person a;u Place q",
        "{name:/a} {travelled:Travel/t} from {name:/p} to {name:/q} on {date:/d}."
        "||t Person a;t Origin p;t Place q;t Time d",
        "Nothing happened in {name} {adverb}.",
    ),
    lefts=("{name:/a} ", "{name:/a} {adverb} ", "On {date:/d} {name:/a} ||x Time d", "{someone} says {name:/a} "),
    middle="fire",
    rights={
        "Dismissal": (
            " {number} {staff:/b} in {name:/p}.||x Employer a;x Employee b;x Place p",
            " the {adjective} {staff:/b}.||x Employer a;x Employee b",
        ),
        "Attack": (
            " {number} {weapon:/b} in {name:/p}.||x Attacker a;x Weapon b;x Place p",
            " the {adjective} {weapon:/b}.||x Attacker a;x Weapon b",
        ),
        "Pottery": (
            " {number} {clay:/b} in {name:/p}.||x Maker a;x Product b;x Place p",
            " the {adjective} {clay:/b}.||x Maker a;x Product b",
        ),
    },
)

SLOTS = Grammar(
    patterns=(
        "Please wake me at {clock:time} {day:date}.",
        "Book a table for {number:party_size} at {name:restaurant} {day:date}.",
        "I need a flight from {name:from_city} to {name:to_city} {day:date}.",
        "Is there any {genre:genre} in {name:city} {day:date}.",
        "Find me a cheap ticket to {name:to_city} leaving {day:date} at {clock:time}.",
        "Order {number:quantity} {food:dish} from {name:restaurant} for {clock:time}.",
        "What is the weather like near {name:city} {day:date}.",
        "Remind {someone} to bring the {thing:object} at {clock:time}.",
    ),
    lefts=("Play ", "Could you please put on ", "I would like to hear ", "Next up I want "),
    middle="name",
    rights={
        "track": (" by {name:artist}.", " the song {adverb}.", " from the {genre:genre} album by {name:artist}."),
        "playlist": (" and all the rest of my list.", " on shuffle {adverb}.", " the list that {someone} made."),
        "station": (" on the radio {day:date}.", " until the news at {clock:time}.", " the radio station {adverb}."),
    },
    lower=True,
)

GRAMMARS: Table[Grammar] = Table(
    "task of the built-in corpus",
    {"ner": NER, "relations": RELATIONS, "roles": ROLES, "events": EVENTS, "slots": SLOTS},
)
RIGHT_CONTEXT: Mapping[str, frozenset[str]] = {task: frozenset(grammar.rights) for task, grammar in GRAMMARS.items()}
