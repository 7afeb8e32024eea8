"""Cells on this machine: one after the other in this process, or in several processes of one thread each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from tagwright.errors import ModelError
from tagwright.search.cells.record import Cell, Record, Work
from tagwright.search.engines.engine import Watch, do_cell, do_cell_quietly


def run_in_processes(work: Work[Any, Any], cells: Sequence[Cell], *, processes: int, watch: Watch) -> Iterator[Record]:
    """The records as they are finished."""
    if processes == 1:
        yield from (do_cell(work, cell, callbacks=watch()) for cell in cells)
        return
    pool = ProcessPoolExecutor(min(processes, len(cells)), mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(do_cell_quietly, work, cell) for cell in cells]):
            yield future.result()
    except BrokenProcessPool as error:
        raise ModelError(
            "A process that trained died; memory may have run out. The cells that were finished are kept: "
            "give the same command with fewer --processes."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
