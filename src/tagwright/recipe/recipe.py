"""Recipe: one frozen model of all rooms' settings for training a labeler.

Loads neither torch nor data: a recipe can be written and checked on any machine.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.backbone.sight.sight import is_learned, read_form
from tagwright.errors import RecipeError
from tagwright.formats import FORMATS
from tagwright.heads import HEADS, HeadConfig
from tagwright.io.kind import FileOptions
from tagwright.models.config import FROZEN, STILL, WriterConfig
from tagwright.recipe.tasks import find_faults_of_tasks
from tagwright.registry import suggest
from tagwright.settings.settings import Settings
from tagwright.training.config import TrainingConfig
from tagwright.tuning import TUNINGS, TuningConfig

SYNTHETIC = "synthetic:"  # data.train = "synthetic:ner" is the built-in corpus
USED = (
    "{folder} already holds a run. Use --resume to go on with it, --overwrite to start again, or choose another --out."
)
READING = ("word_column", "tag_column", "text_column", "scheme", "encoding", "label_names")  # how files are read
UNREAD = {"tagger": ("writer",), "writer": ("fusion", "head")}  # sections that are of the other view
UNREAD_BACKBONE = ("read_at", "repeat")  # what only taggers read of [backbone]
Files = str | Mapping[str, str] | None


class DataConfig(BaseModel):
    """`[data]`: files, how to read them, and the share of `train` that becomes dev where no dev file is given.

    Of a writer for several tasks, train, dev and test name a file for each: {ner = "a.conll", srl = "b.jsonl"}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: Files = None
    dev: Files = None
    test: Files = None
    kind: str | None = None
    word_column: int | str | None = None
    tag_column: int | str | None = None
    text_column: int | str | None = None
    scheme: str | None = None
    encoding: str = "utf-8"
    label_names: tuple[str, ...] | None = None
    dev_share: float = Field(default=0.1, ge=0, lt=1)
    documents: int | None = Field(default=None, ge=20, description="how many of the synthetic corpus; 800 if empty")

    @property
    def options(self) -> FileOptions:
        """How the files are read."""
        return FileOptions(**{name: getattr(self, name) for name in READING})

    @property
    def is_synthetic(self) -> bool:
        files = self.train.values() if isinstance(self.train, Mapping) else (self.train,)
        return all(file is not None and file.startswith(SYNTHETIC) for file in files)


class DrawConfig(BaseModel):
    """`[draw]`: a low-resource run takes only some training documents, and a dev set to match.

    dev_policy: `full` keeps dev whole; `matched` draws as few documents from dev as from train; `cv` takes no dev
    set at all but cross-validates on the drawn documents. `matched` is the default whenever something is drawn.
    seed: of the draw; empty means the training seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shots: int | None = Field(default=None, ge=1)
    shots_per_label: int | None = Field(default=None, ge=1)
    percent: float | None = Field(default=None, gt=0, le=100)
    seed: int | None = Field(default=None, ge=0)
    dev_policy: Literal["full", "matched", "cv"] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "DrawConfig":
        given = [name for name in ("shots", "shots_per_label", "percent") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} each say how much to draw. Keep one.")
        return self

    @property
    def is_drawing(self) -> bool:
        return any(value is not None for value in (self.shots, self.shots_per_label, self.percent))

    @property
    def policy(self) -> str:
        """The dev policy in force."""
        return self.dev_policy or ("matched" if self.is_drawing else "full")


class Recipe(Settings):
    """All settings of a run. `out` is the folder that the labeler, its report and its checkpoints go to.

    view: `tagger` reads words and puts a head on them, `writer` lets a model write the labels. Each has sections that
    the other doesn't read.
    """

    hint_if_missing: ClassVar[str] = " `tagwright init FILE` writes one for your data."
    strange: ClassVar[Mapping[str, str]] = {"text": "tagwright pretrain", "objective": "tagwright pretrain"}

    out: str | None = None
    view: Literal["tagger", "writer"] = "tagger"
    data: DataConfig = DataConfig()
    draw: DrawConfig = DrawConfig()
    backbone: BackboneConfig = BackboneConfig()
    fusion: FusionConfig = FusionConfig()
    head: HeadConfig = HeadConfig()
    writer: WriterConfig = WriterConfig()
    tuning: TuningConfig = TuningConfig()
    training: TrainingConfig = TrainingConfig()

    @property
    def has_tasks(self) -> bool:
        """One writer learns several tasks, each from documents of its own."""
        return self.view == "writer" and len(self.writer.tasks) > 1

    def to_dict(self) -> dict[str, Any]:
        values = super().to_dict()
        return {section: part for section, part in values.items() if section not in UNREAD[self.view]}

    def _find_faults(self) -> Iterator[str]:
        named: dict[str, tuple[str, Any]] = {
            "fusion.name": (self.fusion.name, FUSIONS),
            "head.name": (self.head.name, HEADS),
            "writer.format": (self.writer.format, FORMATS),
            "tuning.name": (self.tuning.name, TUNINGS),
        }
        if self.data.documents is not None and self.data.train is not None and not self.data.is_synthetic:
            yield (
                f"  data.documents: it sizes the built-in corpus ({SYNTHETIC}ner); {self.data.train} is a file. "
                f"To train on {self.data.documents} of its documents use draw.shots (--shots {self.data.documents})."
            )
        for place, (name, table) in named.items():
            if name not in table:
                yield f"  {place}: no {table.kind} is called {name!r}.{suggest(name, table)}"
        yield from self._find_faults_of_sight()
        for section in UNREAD[self.view]:
            if getattr(self, section) != type(self).model_fields[section].default:
                other = next(view for view in UNREAD if view != self.view)
                yield (
                    f"  {section}: a {self.view} doesn't read this section. Take it out, or take the other view: "
                    f'view = "{other}" (--view {other}).'
                )
        if self.view == "writer":
            yield from self._find_faults_of_writer()
        elif self.backbone.scope == "prompt":
            yield "  backbone.scope: 'prompt' is a writer's; a tagger's open layers see the document. Leave it out."
        yield from find_faults_of_tasks(self.data, self.writer, is_writer=self.view == "writer")

    def _find_faults_of_sight(self) -> Iterator[str]:
        """What is wrong whatever the model."""
        try:
            read_form("none" if self.backbone.sight is None else self.backbone.sight)
        except RecipeError as error:
            yield f"  backbone.sight: {str(error).removeprefix('sight ')}"
        if self.view == "tagger" and self.tuning.name == "prefix" and self.backbone.sight not in (None, "none"):
            yield "  tuning.name: 'prefix' and a chosen sight (backbone.sight) can't be had together. Take 'lora'."

    def _find_faults_of_writer(self) -> Iterator[str]:
        for name in UNREAD_BACKBONE:
            if getattr(self.backbone, name) != type(self.backbone).model_fields[name].default:
                yield f"  backbone.{name}: a writer doesn't read it. Leave it out."
        if self.backbone.scope == "document":
            yield "  backbone.scope: 'document' shows open layers what is still to be written; a writer's is 'prompt'."
        if is_learned(self.backbone.sight):
            yield "  backbone.sight: a writer's is chosen, not learned. Name layers, such as 0011 or all."
        if self.tuning.name in STILL:
            reason = STILL[self.tuning.name]
            yield f"  tuning.name: {self.tuning.name!r} {reason}; a writer has none. Use 'lora' to move little."
        if self.tuning.name != FROZEN and self.writer.demonstrations is not None:
            yield f"  writer.demonstrations: for the tuning {FROZEN!r} alone, which learns nothing. Leave it out."
        if self.tuning.name == FROZEN and self.draw.policy == "cv":
            yield "  draw.dev_policy: 'cv' finds how long to train, and 'frozen' trains no writer. Use 'matched'."
        if self.has_tasks:
            yield from self._find_faults_of_many()

    def _find_faults_of_many(self) -> Iterator[str]:
        if self.draw.policy == "cv":
            yield "  draw.dev_policy: 'cv' is for one task. Use 'matched', or 'full'."
        if self.tuning.name == FROZEN:
            yield "  tuning.name: 'frozen' shows documents to a writer of one task. Name one, or use 'lora'."


def vary_seed(recipe: Recipe, offset: int) -> Recipe:
    """The recipe of one of several runs: initialisation, order and draw change together; a fixed draw stays."""
    return recipe.change({"training.seed": recipe.training.seed + offset})
