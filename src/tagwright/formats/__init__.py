"""Documents to text and back, so that a language model can label by writing. To add a format: one file, one line."""

from tagwright.formats.format import Format
from tagwright.formats.inline import Inline
from tagwright.formats.records import Records
from tagwright.formats.sentinel import Sentinel
from tagwright.formats.tasks import TASKS
from tagwright.registry import Table

FORMATS: Table[type[Format]] = Table("format", {kind.name: kind for kind in (Inline, Records, Sentinel)})

__all__ = ["FORMATS", "TASKS"]
