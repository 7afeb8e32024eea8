"""Names: labels in natural words, and back. Knows nothing of where labels stand.

A generative model knows what "organization" means and not what `ORG` does, so labels are written as words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from tagwright.errors import RecipeError
from tagwright.registry import suggest

SEPARATORS = re.compile(r"[\s_\-/.:]+")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

KNOWN: Mapping[str, str] = {
    label: words
    for pairs in {
        "entities": "PER=person|Per=person|Peop=person|LOC=location|Loc=location|ORG=organization|Org=organization"
        "|MISC=miscellaneous|GPE=country city state|NORP=nationality religious political group|FAC=facility"
        "|VEH=vehicle|WEA=weapon",
        "roles, after PropBank": "ARG0=first argument|ARG1=second argument|ARG2=third argument|ARG3=fourth argument"
        "|ARG4=fifth argument|ARG5=sixth argument|ARGA=causing argument|V=predicate|ARGM-ADJ=adjectival"
        "|ARGM-ADV=adverbial|ARGM-CAU=cause|ARGM-COM=companion|ARGM-CXN=construction|ARGM-DIR=direction"
        "|ARGM-DIS=discourse|ARGM-DSP=direct speech|ARGM-EXT=extent|ARGM-GOL=goal|ARGM-LOC=location"
        "|ARGM-LVB=light verb|ARGM-MNR=manner|ARGM-MOD=modal|ARGM-NEG=negation|ARGM-PNC=intention"
        "|ARGM-PRD=secondary predication|ARGM-PRP=purpose|ARGM-PRR=predicating relation"
        "|ARGM-PRX=predicate extension|ARGM-REC=reciprocal|ARGM-TMP=time",
        "universal parts of speech": "ADJ=adjective|ADP=adposition|ADV=adverb|AUX=auxiliary"
        "|CCONJ=coordinating conjunction|DET=determiner|INTJ=interjection|NOUN=noun|NUM=number|PART=particle"
        "|PRON=pronoun|PROPN=proper noun|PUNCT=punctuation|SCONJ=subordinating conjunction|SYM=symbol|VERB=verb"
        "|X=other",
        "chunks": "NP=noun phrase|VP=verb phrase|PP=prepositional phrase|ADJP=adjective phrase|ADVP=adverb phrase"
        "|SBAR=subordinate clause|PRT=verb particle|CONJP=conjunction phrase",
    }.values()
    for label, words in (pair.split("=") for pair in pairs.split("|"))
}
PREFIXES = {"C-": "continued", "R-": "reference to"}


def name_label(label: str) -> str:
    """The words of a label: `PER` person, `OrgBased_In` org based in, `R-ARG0` reference to first argument."""
    if known := KNOWN.get(label):
        return known
    if label[:2] in PREFIXES and label[2:] in KNOWN:
        return f"{PREFIXES[label[:2]]} {KNOWN[label[2:]]}"
    words = SEPARATORS.split(HUMP.sub(" ", label))
    return " ".join(filter(None, words)).lower() or label


class Names:
    """Labels and the words that stand for them, one to one; case and the width of blanks make no difference.

    `words` names labels in other words than `name_label` would. Labels that would read alike are refused.
    """

    def __init__(self, labels: Iterable[str], words: Mapping[str, str] | None = None) -> None:
        given = dict(words or {})
        labels = sorted(set(labels))
        self._written = {label: tuple(given.get(label, name_label(label)).split()) for label in labels}
        if nameless := [label for label, name in self._written.items() if not name]:
            raise RecipeError(
                f"The label {nameless[0]!r} has no words. Name it in `words`: {{{nameless[0]!r}: '...'}}."
            )
        self._read: dict[tuple[str, ...], str] = {}
        for label, name in self._written.items():
            other = self._read.setdefault(_fold(name), label)
            if other != label:
                raise RecipeError(
                    f"Labels {other!r} and {label!r} would both be written {' '.join(name)!r}, and could not be told "
                    "apart when they are read. Name one of them otherwise in the recipe: "
                    f'[writer.words] "{label}" = "..."'
                )
        self._longest = max(map(len, self._read), default=0)

    def write(self, label: str) -> tuple[str, ...]:
        """The words of a known label."""
        if label not in self._written:
            raise RecipeError(f"Label {label!r} is not among the {len(self)} known ones.{suggest(label, self.labels)}")
        return self._written[label]

    def read(self, words: Sequence[str]) -> str | None:
        """The label that is written so, or None."""
        return self._read.get(_fold(words))

    def find_prefix(self, words: Sequence[str]) -> int:
        """How many words at the beginning are a label, at most; 0 where none is."""
        sizes = range(min(len(words), self._longest), 0, -1)
        return next((size for size in sizes if _fold(words[:size]) in self._read), 0)

    @property
    def labels(self) -> list[str]:
        return list(self._written)

    def to_dict(self) -> dict[str, str]:
        """Label to words; `Names(d, d)` of the result is the same names."""
        return {label: " ".join(name) for label, name in self._written.items()}

    def __contains__(self, label: object) -> bool:
        return label in self._written

    def __len__(self) -> int:
        return len(self._written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self._written == other._written

    def __hash__(self) -> int:
        return hash(tuple(self._written))


def _fold(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)
