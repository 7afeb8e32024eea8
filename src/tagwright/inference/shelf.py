"""Shelf: one base model and many labelers that lie on it, each as the few weights that it changes, and a head.

Knows nothing of training.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagwright.backbone.backbone import Backbone, load_backbone
from tagwright.errors import DataError, ModelError
from tagwright.inference.calibrated import read_calibration
from tagwright.inference.runner import Input, Runner, RunnerConfig
from tagwright.models.folder import read_folder
from tagwright.models.tagger import Tagger
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.tuning.sparse.delta import Delta
from tagwright.tuning.sparse.fish import FishTuning
from tagwright.tuning.sparse.regions import PRETRAINED, find_digest


@dataclass(frozen=True)
class Kept:
    """One labeler: its head on the base that all share, and what it changes of the base."""

    runner: Runner
    delta: Delta


class Shelf:
    """Labelers tuned by `fish` or `fish-dip` on one base, which is in memory once.

    shelf.add("ner", folder)                  the labeler saved in a folder
    shelf.predict(documents, "ner")           documents in, documents out
    shelf.predict(documents, ["ner", "pos"])  each document by a labeler of its own

    What a labeler changes is put on the base while it works and taken off again, to the bit.
    """

    def __init__(self, *, config: RunnerConfig | None = None) -> None:
        self._config = config or RunnerConfig()
        self._backbone: Backbone | None = None
        self._digest = ""
        self._kept: dict[str, Kept] = {}
        self._worn: tuple[str, Delta] | None = None  # which labeler's weights are on, and what takes them off

    @property
    def names(self) -> list[str]:
        return sorted(self._kept)

    @property
    def size(self) -> int:
        """Bytes of all that the labelers have besides the base, heads included."""
        heads = [(each.runner.tagger.head, each.runner.tagger.fusion) for each in self._kept.values()]
        tensors = [tensor for parts in heads for part in parts for tensor in part.state_dict().values()]
        own: int = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return own + sum(each.delta.size for each in self._kept.values())

    def add(self, name: str, folder: str | Path, *, base: str | None = None) -> None:
        """Put a saved labeler on the shelf; `base` is where its base model is now, if that has moved."""
        if name in self._kept:
            raise DataError(f"There is a labeler called {name!r} on the shelf already. Choose another name.")
        tagger, origin = read_folder(Path(folder), base=base)
        if not isinstance(tagger, Tagger):
            raise ModelError(f"{folder} is a {tagger.view}. On a shelf lie taggers.")
        if not isinstance(tagger.tuning, FishTuning):
            raise ModelError(
                f"{folder} was tuned by {tagger.tuning.config.name!r}. On a shelf lie labelers that change single "
                "weights of their base: those tuned by 'fish' or 'fish-dip'."
            )
        whole = tagger.tuning.make_delta(tagger)
        dense = {key: tensor for key, tensor in whole.whole.items() if key.startswith(PRETRAINED)}
        delta = Delta(whole.base, whole.places, whole.values, dense)
        shared = Tagger(self._share(tagger, delta), tagger.head, fusion=tagger.fusion).eval()
        calibration = read_calibration(Path(folder))
        self._kept[name] = Kept(Runner(shared, origin, self._config, calibration=calibration), delta)

    def predict(self, documents: Iterable[Input], labelers: str | Sequence[str]) -> list[Document]:
        """Label documents, each by the labeler named for it; they come back in order."""
        given = list(documents)
        wanted = [labelers] * len(given) if isinstance(labelers, str) else list(labelers)
        if len(wanted) != len(given):
            raise DataError(
                f"{len(given)} documents and {len(wanted)} names of labelers. Give a name for each, or one."
            )
        for name in sorted(set(wanted) - set(self._kept)):
            raise DataError(f"No labeler on the shelf is called {name!r}.{suggest(name, self._kept)}")
        found: dict[int, Document] = {}
        for name in dict.fromkeys(wanted):
            rows = [row for row, each in enumerate(wanted) if each == name]
            self._wear(name)
            found.update(zip(rows, self._kept[name].runner.predict([given[row] for row in rows]), strict=True))
        return [found[row] for row in range(len(given))]

    def _share(self, tagger: Tagger, delta: Delta) -> Backbone:
        """The base, loaded with the first labeler; every other must lie on the same."""
        self._wear(None)
        if self._backbone is None:
            self._backbone = load_backbone(tagger.backbone.config).eval()
            self._digest = find_digest(Tagger(self._backbone, tagger.head, fusion=tagger.fusion))
        config = self._backbone.config
        if tagger.backbone.config != config or delta.base != self._digest:
            raise ModelError(
                f"This labeler lies on {tagger.backbone.config.model} with the digest {delta.base}, the shelf on "
                f"{config.model} with {self._digest}; all settings of [backbone] have to agree too. Use another shelf."
            )
        return self._backbone

    def _wear(self, name: str | None) -> None:
        """Put on what one labeler changes, after what another does is taken off."""
        if self._worn is not None and self._worn[0] != name and self._backbone is not None:
            worn, off = self._worn
            off.put_on(self._kept[worn].runner.tagger)
            self._worn = None
        if name is not None and self._worn is None:
            kept = self._kept[name]
            self._worn = (name, kept.delta.put_on(kept.runner.tagger))
