"""Labeler: what trainers and predictors need of a model, whatever its task view. Knows nothing of either.

Plan: all that is needed to build one again, apart from its weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.tuning import Tuning
from tagwright.tuning.weights import digest_model


class Labeler(nn.Module, ABC):
    """A model that labels documents. It handles one batch that fits; order and what is put together are the caller's.

    What it learns from are pieces, each with its target. A piece has a length in tokens, the number of its `document`,
    and a `count`: of how many words or tokens its loss is the sum.
    """

    view: ClassVar[str]
    tuning: Tuning

    @property
    @abstractmethod
    def labels(self) -> Labels:
        """The labels that it knows."""

    @property
    def given(self) -> frozenset[str]:
        """The parts of a document that it must be shown (see Document.only)."""
        return frozenset()

    @property
    @abstractmethod
    def predicts(self) -> frozenset[str]:
        """The parts of a document that it finds."""

    @property
    @abstractmethod
    def scored(self) -> tuple[str, ...]:
        """The groups of a report whose mean says how good it is."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it can be asked for by name."""
        return ()

    def choose(self, task: str) -> "Labeler":
        """The labeler of one of its tasks, with the same weights."""
        if task not in self.tasks:
            known = suggest(task, self.tasks) if self.tasks else f" It is a {self.view}, which has no tasks to choose."
            raise ModelError(f"This labeler has no task {task!r}.{known}")
        return self

    def tune(self, tuning: Tuning) -> None:
        """Let a tuning say which weights move, once, before they are trained or restored."""
        self.tuning = tuning
        tuning.prepare(self)

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        """Note what gold documents hold and it can't."""
        return None

    @abstractmethod
    def teach(self, documents: Sequence[Document], ledger: Ledger) -> tuple[list[Any], list[Any]]:
        """What is learned from gold documents: pieces, and the target of each. Notes what is left out."""

    def learn_weights(self, targets: Sequence[Any]) -> None:
        """What is learned from all targets before training: how much each counts."""
        return None

    @abstractmethod
    def collate_gold(self, pieces: Sequence[Any], targets: Sequence[Any]) -> dict[str, Tensor]:
        """One padded batch, as the tensors that `forward` takes; `counts` has that of every piece."""

    @abstractmethod
    def lose_each(self, pieces: Sequence[Any], targets: Sequence[Any]) -> Tensor:
        """The loss of each piece of one batch, as if it were alone."""

    def focus(self, pieces: Sequence[Any]) -> AbstractContextManager[None]:
        """A context within which only what these pieces can reach is trained; the results are the same."""
        return nullcontext()

    def settle(self) -> None:
        """The end of a training: what was open while it lasted is decided."""
        return None

    def tell_gates(self) -> dict[str, Any]:
        """How sure the gates of a learned sight were when they were decided; empty where there were none."""
        return {}

    def prove(self) -> None:
        """Make sure of a chosen sight once more, after the labeler was changed or taken to another device."""
        return None


class OnBackbone(Labeler):
    """A labeler on a pretrained model, which has a digest where it isn't trained as a whole."""

    backbone: Any
    digest: str | None = None

    @property
    @abstractmethod
    def plan(self) -> "Plan":
        """How to build it again."""

    def tune(self, tuning: Tuning) -> None:
        model = self.backbone.model
        self.digest = None if tuning.is_whole else digest_model(model, four_bits=tuning.needs_four_bits)
        super().tune(tuning)

    def merge(self) -> None:
        """Become a plain labeler that says the same, all of whose weights are its own."""
        self.tuning.merge(self)
        self.tune(TUNINGS["full"](TuningConfig()))

    def settle(self) -> None:
        self.backbone.settle()
        self.tuning.finish()

    def tell_gates(self) -> dict[str, Any]:
        return dict(self.backbone.learned)

    def prove(self) -> None:
        self.backbone.prove()


class Plan(ABC):
    """A frozen dataclass for every view."""

    view: ClassVar[str]
    backbone: BackboneConfig
    tuning: TuningConfig

    @property
    @abstractmethod
    def known(self) -> Labels:
        """The labels."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """What is its own, as plain values."""

    @classmethod
    @abstractmethod
    def from_dict(cls, values: Mapping[str, Any], *, backbone: BackboneConfig, tuning: TuningConfig) -> Self:
        """The plan that `to_dict` wrote; a ValueError says what can't be understood."""

    @abstractmethod
    def tell(self) -> str:
        """What a labeler of this plan is, in a few words that follow the name of its model."""

    @abstractmethod
    def load(self, words: Iterable[str] = ()) -> Any:
        """The pretrained model."""

    @abstractmethod
    def restore(self, folder: Path) -> Any:
        """That model with the architecture and the tokenizer of a saved folder, and weights still to be filled in."""

    @abstractmethod
    def attach(self, backbone: Any) -> Any:
        """A labeler on a pretrained model at hand, with the weights marked that its tuning moves."""
