"""What a backbone is asked to predict. To add an objective: one file, one line in OBJECTIVES, its settings in READS."""

from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Objective, Rows, Sight, Vocabulary
from tagwright.pretraining.objectives.vocabulary import read_vocabulary
from tagwright.registry import Table

OBJECTIVES: Table[type[Objective]] = Table(
    "objective",
    {
        "clm": "tagwright.pretraining.objectives.clm:Clm",
        "mlm": "tagwright.pretraining.objectives.mlm:Mlm",
        "mntp": "tagwright.pretraining.objectives.mntp:Mntp",
        "span": "tagwright.pretraining.objectives.span:SpanCorruption",
        "clm-then-mlm": "tagwright.pretraining.objectives.clm_then_mlm:ClmThenMlm",
        "hybrid": "tagwright.pretraining.objectives.hybrid:Hybrid",
    },
)

__all__ = ["OBJECTIVES", "Lesson", "Objective", "ObjectiveConfig", "Rows", "Sight", "Vocabulary", "read_vocabulary"]
