"""Models that write: many tokens at once for many rows, each at its own pace."""

from tagwright.backbone.writing.memory import Memory, join, settle, take
from tagwright.backbone.writing.writing import Writing

__all__ = ["Memory", "Writing", "join", "settle", "take"]
