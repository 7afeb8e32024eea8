"""Where cells run: in this process, in several on this machine, or on a cluster. To add one: a line in ENGINES."""

from typing import TYPE_CHECKING

from tagwright.registry import Table

if TYPE_CHECKING:
    from tagwright.search.engines.engine import Engine

ENGINES: "Table[Engine]" = Table(
    "engine",
    {
        "processes": "tagwright.search.engines.processes:run_in_processes",
        "ray": "tagwright.search.engines.cluster:run_on_ray",
    },
)

__all__ = ["ENGINES"]
