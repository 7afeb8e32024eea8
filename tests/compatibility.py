"""Which dial works with which: the one table that docs/compatibility.md and its tests are made from.

A cell is a pair of values; other dials stand as USUAL says. What is not in REFUSED works. Values of tables (tunings,
heads, fusions) are those that are registered, so a new one has its cells by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

from tagwright.backbone.fusion import FUSIONS
from tagwright.formats import FORMATS
from tagwright.heads import HEADS
from tagwright.tuning import TUNINGS

DIALS: Mapping[str, tuple[str, ...]] = {
    "sight": ("left out", "none", "all", "01", "learned"),
    "scope": ("document", "prompt"),
    "attention": ("sdpa", "eager", "flex_attention", "flash_attention_2"),
    "tuning": tuple(TUNINGS),
    "head": tuple(HEADS),
    "fusion": tuple(FUSIONS),
    "format": tuple(FORMATS),
}
APART = {("head", "format"), ("fusion", "format")}  # a labeler has one or the other
USUAL = {
    "sight": "01",
    "scope": "document",
    "attention": "sdpa",
    "tuning": "full",
    "head": "softmax",
    "fusion": "last",
}
# where a value stands in the way of what is usual
INSTEAD = {
    ("tuning", "prefix"): {"sight": "left out"},
    ("scope", "prompt"): {"format": "inline"},  # a writer's
    **{("format", name): {"sight": "left out", "scope": "prompt"} for name in FORMATS},
}
EVERY = "every"
# (dial, value), (other dial, value) -> words of the error, as it names the reason
REFUSED: Mapping[tuple[tuple[str, str], tuple[str, str]], str] = {
    (("sight", "learned"), ("scope", "prompt")): "is found by training a labeler, and nothing is trained here",
    (("sight", "learned"), ("attention", "flex_attention")): "it takes no mask that has gradients",
    (("sight", "learned"), ("attention", "flash_attention_2")): "it takes no mask that has gradients",
    (("sight", "all"), ("tuning", "prefix")): "can't be had together",
    (("sight", "01"), ("tuning", "prefix")): "can't be had together",
    (("sight", "learned"), ("tuning", "prefix")): "can't be had together",
    (("sight", "learned"), ("format", EVERY)): "backbone.sight: a writer's is chosen, not learned",
    (("scope", "prompt"), ("attention", "flash_attention_2")): "lets tokens see what they must not",
    (("scope", "prompt"), ("tuning", "prefix")): "puts keys and values before a tagger's words; a writer has none",
    (("scope", "prompt"), ("head", EVERY)): "backbone.scope: 'prompt' is a writer's",
    (("scope", "prompt"), ("fusion", EVERY)): "backbone.scope: 'prompt' is a writer's",
    (("scope", "document"), ("format", EVERY)): "shows open layers what is still to be written",
    (("tuning", "prefix"), ("format", EVERY)): "puts keys and values before a tagger's words; a writer has none",
}
# tests with the marker gpu
ON_DEVICES = {("attention", "flex_attention"), ("attention", "flash_attention_2"), ("tuning", "qlora")}

OPENING = """# Which dial works with which

Written by `python docs/make_compatibility.py` from the table that the tests run: of every cell a labeler is built,
trained and asked for spans (`make test-all`), or refused with the words that stand here. The backbone is a small Llama
with biases; other architectures have a matrix of their own (`tests/backbone/sight/test_matrix.py`). All dials that a
table doesn't name stand at:

{usual}

A cell says:

- **yes**: works, by `make test-all`.
- **no**: refused by name; the number stands for the reason below.
- **GPU**: runs where there is an accelerator (`pytest -m gpu`), and was not run elsewhere.

With the tuning `prefix` the sight is left out where it isn't named, since a chosen one is refused.
The scope `prompt` is for models that write: what isn't named beside it is a writer of the format `inline`, a head is
refused, and a plan alone is tested by writing. `left out` leaves a model as it is by nature. A format makes a writer,
which has neither a head nor a fusion; its scope is `prompt` and its sight is left out where they aren't named.
"""


@dataclass(frozen=True)
class Cell:
    """Two values of two dials."""

    one: tuple[str, str]
    two: tuple[str, str]

    @property
    def chosen(self) -> dict[str, str]:
        """The value of every dial."""
        chosen = USUAL | INSTEAD.get(self.one, {}) | INSTEAD.get(self.two, {}) | dict((self.one, self.two))
        if {"head", "fusion"} & {self.one[0], self.two[0]}:
            chosen.pop("format", None)
        return chosen

    @property
    def needs(self) -> str:
        """What a machine must have: `gpu`, or nothing."""
        return "gpu" if ON_DEVICES & {self.one, self.two} else ""

    @property
    def refusal(self) -> str:
        """Words of the error, or nothing."""
        (dial, _), (other, _) = self.one, self.two
        pairs = ((self.one, self.two), (self.one, (other, EVERY)), ((dial, EVERY), self.two))
        return next((REFUSED[pair] for pair in pairs if pair in REFUSED), "")

    def __str__(self) -> str:
        return " x ".join(f"{dial} {value}" for dial, value in (self.one, self.two))


def list_cells() -> Iterator[Cell]:
    """All pairs of values of different dials."""
    for one, two in list_dials():
        yield from (Cell((one, a), (two, b)) for a, b in product(DIALS[one], DIALS[two]))


def list_dials() -> list[tuple[str, str]]:
    """Dials that meet."""
    return [pair for pair in combinations(DIALS, 2) if pair not in APART]


def render() -> str:
    """The page."""
    reasons = list(dict.fromkeys(REFUSED.values()))
    usual = "\n".join(f"- {dial}: `{value}`" for dial, value in USUAL.items())
    lines = [OPENING.format(usual=usual), "## Reasons\n"]
    lines += [f'{number}. "{reason}"' for number, reason in enumerate(reasons, start=1)]
    for one, two in list_dials():
        rows, columns = (one, two) if len(DIALS[one]) >= len(DIALS[two]) else (two, one)
        lines += [f"\n## {rows} × {columns}\n"]
        lines += [_row([rows, *(f"`{value}`" for value in DIALS[columns])]), _row(["---"] * (len(DIALS[columns]) + 1))]
        for value in DIALS[rows]:
            pairs = [((rows, value), (columns, other)) for other in DIALS[columns]]
            cells = [Cell(*pair) if rows == one else Cell(*reversed(pair)) for pair in pairs]
            lines += [_row([f"`{value}`", *(_tell(cell, reasons) for cell in cells)])]
    return "\n".join(lines) + "\n"


def _tell(cell: Cell, reasons: list[str]) -> str:
    if cell.refusal:
        return f"no ({reasons.index(cell.refusal) + 1})"
    return "GPU" if cell.needs else "yes"


def _row(values: list[str]) -> str:
    return f"| {' | '.join(values)} |"
