"""WriterConfig: what a writer writes, and how. Does not load torch."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

FROZEN = "frozen"  # the tuning of a writer that learns nothing and is shown documents instead
SHOWN = 8  # of them, where nobody says how many
# tunings that are for taggers alone, and what they need
STILL = {"prefix": "puts keys and values before a tagger's words"}


class WriterConfig(BaseModel):
    """`[writer]` of a recipe.

    task: what is given and what is predicted: ner, joint-er, relation, srl, events, dst ...
    format: how documents are written: inline, records, sentinel.
    words: names labels otherwise than by their usual words: {GPE = "country"}.
    constrained: while writing, only what the format allows is chosen from.
    max_target_tokens: the longest output; empty means twice the longest that training documents have.
    demonstrations: with the tuning frozen nothing is learned: before each question stand so many training documents
    that are most like it, with their answers; empty means 8.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = "ner"
    format: str = "inline"
    words: Mapping[str, str] | None = None
    constrained: bool = True
    max_target_tokens: int | None = Field(default=None, ge=8)
    demonstrations: int | None = Field(default=None, ge=1)
