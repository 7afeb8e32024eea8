"""Which weights move. To add a tuning: one file, one line in TUNINGS."""

from typing import TYPE_CHECKING

from tagwright.registry import Table
from tagwright.tuning.config import TuningConfig

if TYPE_CHECKING:
    from tagwright.tuning.tuning import Tuning

TUNINGS: "Table[type[Tuning]]" = Table(
    "tuning",
    {
        "full": "tagwright.tuning.full:FullTuning",
        "frozen": "tagwright.tuning.frozen:FrozenTuning",
        "bitfit": "tagwright.tuning.bitfit:BitfitTuning",
        "lora": "tagwright.tuning.adapters.lora:LoraTuning",
        "dora": "tagwright.tuning.adapters.lora:DoraTuning",
        "qlora": "tagwright.tuning.adapters.lora:QloraTuning",
        "ia3": "tagwright.tuning.adapters.scaling:Ia3Tuning",
        "shira": "tagwright.tuning.adapters.shira:ShiraTuning",
        "prefix": "tagwright.tuning.adapters.prefix:PrefixTuning",
        "fish": "tagwright.tuning.sparse.fish:FishTuning",
        "fish-dip": "tagwright.tuning.sparse.fish:FishDipTuning",
        "fish-dip:paper": "tagwright.tuning.sparse.fish:PublishedFishDipTuning",
    },
)

__all__ = ["TUNINGS", "TuningConfig"]
