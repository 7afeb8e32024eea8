"""Source: the words that a target may copy, as tries of what may come next. Knows no rule; keeps what it has built."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.grammar.trie import Node, build_trie

Places = tuple[int, ...]
GLUED = 12  # of a long row of pieces without a blank between them a value takes these at most, or all


class Source:
    """The words of one document; places are numbers of words."""

    def __init__(self, words: Sequence[str], lexicon: Lexicon) -> None:
        self.words, self.lexicon = words, lexicon
        self._tries: dict[tuple[object, ...], Node] = {}
        self._forms = (list(words), [word.lower() for word in words])

    def find_word(self, at: int, *, is_first: bool) -> Node:
        """The word at a place."""
        return self._keep(lambda: [(self.words[at], at)], "word", at, is_first=is_first)

    def find_run(self, places: Places | None, *, going: Places | None = None) -> Node:
        """The words at some places (None: all), each with the places after it; `going`: only the words at these."""

        def list_words() -> Iterator[tuple[str, Places]]:
            after: defaultdict[str, list[int]] = defaultdict(list)
            for place in range(len(self.words)) if places is None else places:
                if place < len(self.words):
                    after[self.words[place]].append(place + 1)
            words = after if going is None else dict.fromkeys(self.words[place] for place in going)
            yield from ((word, tuple(after[word])) for word in words)

        return self._keep(list_words, "run", places, going)

    def find_pointer(self, least: int, end: int) -> Node:
        """`<i>` of every place from the least one up to an end, with the place."""
        places = range(least, end)
        return self._keep(lambda: ((f"<{place}>", place) for place in places), "pointer", least, end)

    def find_speech(self, places: Places | None) -> Node:
        """What pieces from some places on say up to a blank, with the places after it.

        The second half of the places is that of the pieces in lower case.
        """
        size = len(self.words)

        def list_texts() -> Iterator[tuple[str, Places]]:
            after: defaultdict[str, set[int]] = defaultdict(set)
            for place in range(2 * size) if places is None else places:
                form, start = divmod(place, size)
                for text, end in _glue(self._forms[form], start):
                    is_whole = end < size and self.words[end].startswith(" ")
                    after[text] |= {form * size + end} if is_whole else set()
            yield from ((text, tuple(sorted(found))) for text, found in after.items())

        return self._keep(list_texts, "speech", places)

    def _keep(self, list_all: Callable[[], Iterable[tuple[str, object]]], *key: object, is_first: bool = False) -> Node:
        if (*key, is_first) not in self._tries:
            entries = list(list_all())
            self.lexicon.learn((word for text, _ in entries for word in text.split(" ")))
            spelt = ((self.lexicon.spell(text, is_first=is_first), value) for text, value in entries)
            self._tries[(*key, is_first)] = build_trie(spelt)
        return self._tries[(*key, is_first)]


def _glue(pieces: Sequence[str], start: int) -> Iterator[tuple[str, int]]:
    """The texts that begin with a piece and go on without a blank, each with the place after it."""
    text, end = "", start
    while end < len(pieces) and (end == start or not pieces[end].startswith(" ")):
        text += pieces[end]
        end += 1
        is_whole = end == len(pieces) or pieces[end].startswith(" ")
        if end - start <= GLUED or is_whole:
            yield text.removeprefix(" "), end
