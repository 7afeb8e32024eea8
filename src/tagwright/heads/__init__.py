"""Word states to spans. To add a head: one file, one line in HEADS."""

from tagwright.heads.config import HeadConfig
from tagwright.registry import Table

HEADS: Table[type] = Table(
    "head",
    {
        "softmax": "tagwright.heads.softmax:SoftmaxHead",
        "crf": "tagwright.heads.crf:CrfHead",
    },
)

__all__ = ["HEADS", "HeadConfig"]
