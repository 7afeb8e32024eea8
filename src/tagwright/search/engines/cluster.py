"""Cells on a cluster, by Ray: that of RAY_ADDRESS, else one that is started on this machine for the time being.

All machines must see the folder under the same path.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tagwright.errors import RecipeError, TagwrightError
from tagwright.search.cells.record import Cell, Record, Work
from tagwright.search.engines.engine import Watch, do_cell_quietly


def run_on_ray(work: Work[Any, Any], cells: Sequence[Cell], *, processes: int, watch: Watch) -> Iterator[Record]:
    """The records as they are finished. `processes` bounds a Ray of our own; a cluster decides for itself."""
    ray = _import_ray()
    if not ray.is_initialized():  # it ends with this process
        address = os.environ.get("RAY_ADDRESS")
        own = {"num_cpus": processes, "include_dashboard": False} if address is None else {}
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    has_accelerators = bool(ray.cluster_resources().get("GPU"))
    task = ray.remote(do_cell_quietly).options(num_cpus=1, num_gpus=int(has_accelerators))
    shared = ray.put(work)
    waiting = [task.remote(shared, cell) for cell in cells]
    try:
        while waiting:
            done, waiting = ray.wait(waiting)
            yield ray.get(done[0])
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, TagwrightError):
            raise error.cause from error
        raise
    finally:
        for left in waiting:
            ray.cancel(left)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise RecipeError("The engine ray needs Ray: pip install 'tagwright[ray]'.") from error
    return ray
