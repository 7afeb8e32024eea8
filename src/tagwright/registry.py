"""Table: name -> thing, with "did you mean". Knows nothing of what it holds."""

from collections.abc import Iterable, Iterator, Mapping, Set
from difflib import SequenceMatcher
from importlib import import_module
from typing import Generic, TypeVar

from tagwright.errors import RecipeError

T = TypeVar("T")
ALIKE = 0.6  # from here on a name is offered as the one that was meant
MANY, NEAREST = 20, 8  # a longer list than the first is cut to the second


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, and the list (of many, the nearest)."""
    # The order of a set is chance; any other order is the caller's, and decides between equally near names.
    names = sorted(known) if isinstance(known, Set) else list(known)
    near = {one: _liken(name, one) for one in names}
    nearest = sorted(near, key=lambda one: (-near[one], one.count(".")))
    hint = f" Did you mean {nearest[0]!r}?" if near and near[nearest[0]] >= ALIKE else ""
    if len(near) > MANY:
        return f"{hint} Known: {', '.join(nearest[:NEAREST])}, ... ({len(near)} in all)."
    return f"{hint} Known: {', '.join(sorted(near))}."


def _liken(name: str, known: str) -> float:
    """How near two names are, 0 to 1; case is no difference, and whole parts of a name are near: `f1` of `exact.f1`."""
    name, known = name.casefold(), known.casefold()
    if name == known:
        return 1.0
    part, parts = (f".{each.replace('_', '.').replace('-', '.')}." for each in (name, known))
    within = 0.95 if parts.endswith(part) else 0.9 if part in parts else 0.0
    return max(within, SequenceMatcher(None, known, name).ratio())


class Table(Mapping[str, T], Generic[T]):
    """A read-only mapping from name to class; an unknown name is answered with the nearest known one.

    An entry may be the class itself or "module:Class", which is imported when it is asked for: so that
    the names of a torch room can be listed without loading torch.
    """

    def __init__(self, kind: str, entries: Mapping[str, T | str]) -> None:
        self.kind, self._entries = kind, dict(entries)

    def check(self, name: str) -> None:
        """Refuse an unknown name, without importing what a known one stands for."""
        if name not in self._entries:
            raise RecipeError(f"No {self.kind} is called {name!r}.{suggest(name, self._entries)}")

    def __getitem__(self, name: str) -> T:
        self.check(name)
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
