"""Objective: rows of packed tokens -> a lesson, which says what the model sees and what it must predict.

A lesson is a function of rows, generator and progress alone, so that a resumed run is the same run.
Knows nothing of models, files or trainers. Shapes: B rows, T tokens of a row, V tokens of the vocabulary.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from torch import Generator, Tensor

from tagwright.errors import RecipeError
from tagwright.pretraining.objectives.config import ObjectiveConfig

Sight = Literal["left", "both"]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What an objective must know of a tokenizer.

    specials V bool: never masked, never predicted by a masked objective.
    starts V bool: this token begins a word; nowhere True where the tokenizer doesn't mark words.
    """

    size: int
    pad: int | None
    mask: int | None
    sentinels: tuple[int, ...]
    specials: Tensor
    starts: Tensor
    decoder_start: int | None

    def require_mask(self, objective: str) -> int:
        if self.mask is None:
            raise RecipeError(
                f"The objective {objective!r} hides tokens behind a mask token, and this tokenizer has none. "
                f"Give it one (`mask_token`), or choose clm."
            )
        return self.mask


@dataclass(frozen=True, eq=False)
class Rows:
    """ids B T. packs B T: which document of its row a token belongs to, 0, 1, 2 and so on; -1 is padding."""

    ids: Tensor
    packs: Tensor

    @property
    def begins(self) -> Tensor:
        """B T bool: the first token of a document, or of the padding."""
        begins = self.packs != self.packs.roll(1, dims=1)
        begins[:, :1] = True
        return begins


@dataclass(frozen=True, eq=False)
class Lesson:
    """ids, packs B T: what the model reads, and which document each token is of (-1: padding).

    targets B T: the token to be predicted from the state at this place. keep B T bool: where one is asked for;
    elsewhere a target says nothing. decoder: ids and packs of what a decoder reads; targets and keep then have their
    shape. A row that is asked nothing has no decoder token, only padding.
    """

    ids: Tensor
    packs: Tensor
    targets: Tensor
    keep: Tensor
    sight: Sight
    decoder: tuple[Tensor, Tensor] | None = None


class Objective(Protocol):
    """architecture: one stack, or an encoder and a decoder. final_sight: what layers may see after pretraining."""

    architecture: ClassVar[Literal["one", "two"]]
    final_sight: ClassVar[Sight]

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None: ...

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        """The lesson of one batch; `progress` says how much of the run is over, 0 to 1."""
        ...
