"""Engine: the protocol of whatever runs cells, and what all of them do with one. Knows no kind of cell."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.utils import logging as transformers_logging

from tagwright.search.cells.record import Cell, Record, Work, write_record

Watch = Callable[[], Sequence[TrainerCallback]]  # callbacks that show how far a cell is, where one can see it
Engine = Callable[..., Iterator[Record]]  # (work, cells, processes=, watch=): records as they are finished


def do_cell(work: Work[Any, Any], cell: Cell, *, callbacks: Sequence[Any] = ()) -> Record:
    """Run a cell and write its file."""
    record: Record = work.run(cell, callbacks=callbacks)
    write_record(record, work.folder)
    return record


def do_cell_quietly(work: Work[Any, Any], cell: Cell) -> Record:
    """The same in a process of its own: one thread, and no bars or notices of libraries."""
    torch.set_num_threads(1)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    return do_cell(work, cell)
