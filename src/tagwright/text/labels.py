"""Labels: the label inventory of a model or a corpus, in a fixed order. Knows nothing of tags or files."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tagwright.errors import DataError
from tagwright.registry import suggest
from tagwright.text.document import Document


@dataclass(frozen=True)
class Labels:
    """Label names with their indices, and those of relations where they are wanted; the order is part of the model."""

    names: tuple[str, ...]
    relations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        counts = (*Counter(self.names).items(), *Counter(self.relations).items())
        if twice := [name for name, count in counts if count > 1]:
            raise DataError(f"Labels stand twice in the inventory: {', '.join(sorted(twice))}. Name each once.")

    @classmethod
    def from_documents(cls, documents: Iterable[Document]) -> "Labels":
        """The labels of all spans, sorted."""
        return cls(tuple(sorted(collect_labels(documents))))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """The index of a label; an unknown one is answered with the nearest known one."""
        if name not in self._places:
            raise DataError(f"Label {name!r} is not among the {len(self)} known ones.{suggest(name, self.names)}")
        return self._places[name]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, at: int) -> str:
        return self.names[at]


def collect_labels(documents: Iterable[Document]) -> Counter[str]:
    """How many spans each label has. Spans without a type (label "") are left out: they carry no label."""
    return Counter(span.label for document in documents for span in document.spans if span.label)


def collect_relation_labels(documents: Iterable[Document]) -> Counter[str]:
    """How many relations each label has."""
    return Counter(edge.label for document in documents for edge in document.relations)
