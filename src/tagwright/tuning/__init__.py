"""Which weights move. To add a tuning: one file, one line in TUNINGS."""

from tagwright.registry import Table
from tagwright.tuning.config import TuningConfig

TUNINGS: Table[type] = Table(
    "tuning",
    {
        "full": "tagwright.tuning.full:FullTuning",
        "frozen": "tagwright.tuning.frozen:FrozenTuning",
    },
)

__all__ = ["TUNINGS", "TuningConfig"]
