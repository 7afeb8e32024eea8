"""Word states to spans and relations. To add a head: one file, one line in HEADS."""

from typing import Any

from tagwright.heads.config import HeadConfig
from tagwright.registry import Table

HEADS: Table[Any] = Table(
    "head",
    {
        "softmax": "tagwright.heads.softmax:SoftmaxHead",
        "crf": "tagwright.heads.crf:CrfHead",
        "pairs": "tagwright.heads.pairs:PairsHead",
    },
)

__all__ = ["HEADS", "HeadConfig"]
