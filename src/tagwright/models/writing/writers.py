"""Writers: one language model that writes for several tasks: a writer for each, all with the same weights.

What a source begins with tells the model which task is meant. Knows nothing of recipes, files or training.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.language.language import LanguageModel
from tagwright.errors import DataError, ModelError
from tagwright.formats.inventory import Inventory
from tagwright.models.config import WriterConfig
from tagwright.models.labeler import OnBackbone, Plan
from tagwright.models.writing.writer import Writer, WriterPlan, build_writer
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.tuning import Tuning

PREFIXES = {  # tasks whose names are no words
    "ner": "entities",
    "joint-er": "entities and relations",
    "srl": "semantic roles",
    "pos": "parts of speech",
    "dst": "dialogue state",
}


@dataclass(frozen=True)
class WritersPlan(Plan):
    """All that is needed to build it again, apart from its weights: the plan of the writer for each task."""

    view = "writers"

    plans: Mapping[str, WriterPlan]
    backbone: BackboneConfig
    writer: WriterConfig
    tuning: TuningConfig = TuningConfig()

    @property
    def known(self) -> Labels:
        known = [plan.known for plan in self.plans.values()]
        names, relations = ([name for each in known for name in getattr(each, part)] for part in ("names", "relations"))
        return Labels(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(relations)))

    def to_dict(self) -> dict[str, Any]:
        tasks = {task: plan.to_dict() for task, plan in self.plans.items()}
        return {"writer": self.writer.model_dump(exclude_none=True), "tasks": tasks}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, backbone: BackboneConfig, tuning: TuningConfig) -> Self:
        plans = {
            task: WriterPlan.from_dict(plan, backbone=backbone, tuning=tuning) for task, plan in values["tasks"].items()
        }
        return cls(plans, backbone, WriterConfig.model_validate(values["writer"]), tuning)

    def tell(self) -> str:
        return f"that writes the format {self.writer.format} for the tasks {', '.join(self.writer.tasks)}"

    def load(self, words: Iterable[str] = ()) -> LanguageModel:
        return self._any.load(words)

    def restore(self, folder: Path) -> LanguageModel:
        return self._any.restore(folder)

    @property
    def _any(self) -> WriterPlan:
        """Of what is the same for all tasks."""
        return replace(next(iter(self.plans.values())), backbone=self.backbone, tuning=self.tuning)

    def attach(self, backbone: LanguageModel) -> "Writers":
        writers = {
            task: build_writer(replace(plan, backbone=self.backbone, tuning=self.tuning), backbone)
            for task, plan in self.plans.items()
        }
        together = Writers(writers, settings=self.writer)
        together.tune(TUNINGS[self.tuning.name](self.tuning))
        return together


def plan_writers(
    inventories: Mapping[str, Inventory],
    backbone: BackboneConfig,
    *,
    writer: WriterConfig,
    tuning: TuningConfig,
) -> WritersPlan:
    """The plan of writers that have learned nothing yet: what each task may write, and what all have in common."""
    plans = {
        task: WriterPlan(inventory, backbone, writer.turn_to(task), tuning, prefix=PREFIXES.get(task, task))
        for task, inventory in inventories.items()
    }
    return WritersPlan(plans, backbone, writer, tuning)


class Writers(OnBackbone):
    """A language model with a writer for each task: `choose` gives that of one, which is a labeler of its own."""

    view = "writers"
    backbone: LanguageModel

    def __init__(self, writers: Mapping[str, Writer], *, settings: WriterConfig) -> None:
        super().__init__()
        self._writers, self.settings = dict(writers), settings  # a dict holds no weights: those are the backbone's
        self.backbone = self._any.backbone

    @property
    def _any(self) -> Writer:
        return next(iter(self._writers.values()))

    @property
    def plan(self) -> WritersPlan:
        plans = {task: writer.plan for task, writer in self._writers.items()}
        return WritersPlan(plans, self.backbone.config, self.settings, self.tuning.config)

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self._writers)

    def choose(self, task: str) -> Writer:
        super().choose(task)
        return self._writers[task]

    def list_suiting(self, document: Document) -> list[str]:
        """The tasks that a document may be asked for unless one is named: those that need no spans, and have turns."""
        given = {task: set(writer.given) for task, writer in self._writers.items()}
        suiting = [task for task, parts in given.items() if not parts or (parts == {"turns"} and document.turns)]
        if not suiting:
            raise DataError(
                f"{document.id or 'A document'} can be asked for none of the tasks {', '.join(self.tasks)} unless one "
                "is named: they are given spans or turns. Name one: "
                f'labeler.choose("{self.tasks[0]}"), or --task {self.tasks[0]}.'
            )
        return suiting

    @property
    def labels(self) -> Labels:
        return self.plan.known

    @property
    def predicts(self) -> frozenset[str]:
        return reduce(or_, (writer.predicts for writer in self._writers.values()))

    @property
    def scored(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(group for writer in self._writers.values() for group in writer.scored))

    def tune(self, tuning: Tuning) -> None:
        super().tune(tuning)
        for writer in self._writers.values():
            writer.tuning, writer.digest = self.tuning, self.digest

    # --- learning: pairs of all tasks are alike -------------------------------------------------------------------

    def teach(self, documents: Sequence[Document], ledger: Ledger) -> tuple[list[Any], list[Any]]:
        raise ModelError("Each task has documents of its own: teach the writer of one, that `choose` gives.")

    def collate_gold(self, pieces: Sequence[Any], targets: Sequence[Any]) -> dict[str, Tensor]:
        return self._any.collate_gold(pieces, targets)

    def forward(self, **batch: Any) -> Tensor:
        """The summed loss, from plain tensors: what trainers call."""
        return self._any.forward(**batch)

    def lose_each(self, pieces: Sequence[Any], targets: Sequence[Any]) -> Tensor:
        return self._any.lose_each(pieces, targets)

    @contextmanager
    def focus(self, pieces: Sequence[Any]) -> Iterator[None]:
        with self._any.focus(pieces):
            yield
