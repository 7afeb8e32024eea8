"""Labeler: what trainers and predictors need of a model, whatever its task view. Knows nothing of either."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from torch import Tensor, nn

from tagwright.errors import ModelError
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tokens.batch import OnLong, Piece
from tagwright.tuning.tuning import Tuning


class Labeler(nn.Module, ABC):
    """A model that labels documents. It handles one batch that fits; windows and order are the caller's."""

    view: ClassVar[str]
    tuning: Tuning

    @property
    def given(self) -> frozenset[str]:
        """The parts of a document that it must be shown (see Document.only)."""
        return frozenset()

    def tune(self, tuning: Tuning) -> None:
        """Let a tuning say which weights move, once, before they are trained or restored."""
        self.tuning = tuning
        tuning.prepare(self)

    @abstractmethod
    def cut(self, documents: Sequence[Document], ledger: Ledger, *, on_long: OnLong = "window") -> list[Piece]:
        """Encode documents and cut them into pieces that fit the model."""

    @abstractmethod
    def collate(self, pieces: Sequence[Piece]) -> Any:
        """Pad pieces into one batch: a dataclass of tensors, of those that `forward` takes."""

    @abstractmethod
    def find_targets(
        self, pieces: Sequence[Piece], documents: Sequence[Document], *, ledger: Ledger | None = None
    ) -> list[Any]:
        """What the loss needs of the gold documents, for every piece; notes what lies in no piece as a whole."""

    @abstractmethod
    def stack(self, targets: Sequence[Any]) -> Tensor:
        """Targets of one batch, padded."""

    def focus(self, pieces: Sequence[Piece]) -> AbstractContextManager[None]:
        """A context within which only what these pieces can reach is trained; the results are the same."""
        return nullcontext()

    def settle(self) -> None:
        """The end of a training: what was open while it lasted is decided."""
        return None

    @abstractmethod
    def loss(self, batch: Any, gold: Tensor) -> Tensor:
        """The loss summed over the labelled words of one batch."""

    @abstractmethod
    def encode(self, batch: Any) -> Tensor:
        """B W H, float32: a state for every word of one batch."""

    @abstractmethod
    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        """Word states of whole documents -> the documents with their predicted parts."""

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        """For each document the spans that score at least `least`, whether or not `decode` would choose them."""
        raise ModelError(f"A {self.view} lists no spans but those it predicts, so there is none to add for a coverage.")
