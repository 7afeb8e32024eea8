"""Table: name -> thing, with "did you mean". Knows nothing of what it holds."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Generic, TypeVar

from tagwright.errors import RecipeError

T = TypeVar("T")


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, and the list."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known: {', '.join(names)}."


class Table(Mapping[str, T], Generic[T]):
    """A read-only mapping from name to class; an unknown name is answered with the nearest known one.

    An entry may be the class itself or "module:Class", which is imported when it is asked for: so that
    the names of a torch room can be listed without loading torch.
    """

    def __init__(self, kind: str, entries: Mapping[str, T | str]) -> None:
        self.kind, self._entries = kind, dict(entries)

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise RecipeError(f"No {self.kind} is called {name!r}.{suggest(name, self._entries)}")
        entry = self._entries[name]
        if not isinstance(entry, str):
            return entry
        module, _, attribute = entry.partition(":")
        found: T = getattr(import_module(module), attribute)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
