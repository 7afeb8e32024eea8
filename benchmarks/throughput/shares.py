"""Where the time of a step goes: torch's profiler, its operators gathered into a few kinds."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from torch.profiler import ProfilerActivity, profile

LAYERS, OUTPUT = "matrix products, layers", "matrix products, output layer"
ATTENTION, LOSS, OPTIMIZER = "attention", "loss", "optimizer"
FUSED, REST = "normalisation and other fused code", "rest"
KINDS = (LAYERS, OUTPUT, ATTENTION, LOSS, FUSED, OPTIMIZER, REST)
PRODUCTS = {"aten::mm", "aten::addmm", "mkldnn::_linear_pointwise", "aten::linear"}
OF_ATTENTION = ("aten::bmm", "aten::baddbmm", "attention", "softmax")
OF_COMPILER = ("cpp_fused", "CompiledFunction", "Torch-Compiled", "CompiledFxGraph")


class Profiler:
    """Watches from its making until `finish`."""

    def __init__(self) -> None:
        self._profile = profile(activities=[ProfilerActivity.CPU])
        self._profile.__enter__()

    def finish(self) -> dict[str, float]:
        """Seconds of every kind."""
        self._profile.__exit__(None, None, None)
        spent: Counter[str] = Counter()
        for event in self._profile.events():
            spent[sort(event)] += event.self_cpu_time_total / 1e6
        return {kind: spent[kind] for kind in KINDS}


def sort(event: Any) -> str:
    """The kind of an operator, by its name and by what called it."""
    callers = list(_list_callers(event))
    if any("Optimizer.step" in name for name in callers):
        return OPTIMIZER
    if any(name.startswith("_Fused") for name in callers):
        return OUTPUT if event.name in PRODUCTS else LOSS
    if event.name in PRODUCTS:
        return LAYERS
    if any(part in event.name for part in OF_ATTENTION):
        return ATTENTION
    return FUSED if any(part in event.name for part in OF_COMPILER) else REST


def _list_callers(event: Any) -> Iterator[str]:
    while event is not None:
        yield event.name
        event = event.cpu_parent
