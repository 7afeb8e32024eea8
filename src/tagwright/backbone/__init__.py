"""The pretrained model: the only room that touches transformers' models. Gives states of words.

backbone = tagwright.backbone.load("org/name", sight="0011")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagwright.backbone.backbone import load as load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """`load` is imported when it is first used, so that the configs of this room load no torch."""
    if name not in __all__:
        raise AttributeError(f"module 'tagwright.backbone' has no attribute {name!r}. It has: {', '.join(__all__)}.")
    return import_module("tagwright.backbone.backbone").load
