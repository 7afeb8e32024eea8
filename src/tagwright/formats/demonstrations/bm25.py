"""BM25: which of many texts are most like another one, by the words that they share (Robertson and Zaragoza, 2009).

Knows words only: neither documents nor models.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SATURATION, LENGTH = 1.2, 0.75  # k1 and b of the paper: how soon a word has been said often enough, and long texts


class Index:
    """Some texts, each as its words."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self.size = len(texts)
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        norms = SATURATION * (1 - LENGTH + LENGTH * lengths / max(float(lengths.mean()) if self.size else 1.0, 1.0))
        places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, text in enumerate(texts):
            for word, count in Counter(text).items():
                places[word].append((place, count))
        self._weights = {word: self._weigh(np.array(found), norms) for word, found in places.items()}

    def _weigh(
        self, found: NDArray[np.int64], norms: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The texts that have a word, and what it is worth in each."""
        places, counts = found[:, 0], found[:, 1]
        rarity = np.log(1 + (self.size - len(places) + 0.5) / (len(places) + 0.5))
        return places, rarity * counts * (SATURATION + 1) / (counts + norms[places])

    def score(self, query: Iterable[str]) -> NDArray[np.float64]:
        """How like the query each text is; a word of the query counts once."""
        scores = np.zeros(self.size)
        for word in dict.fromkeys(query):
            if word in self._weights:
                places, weights = self._weights[word]
                scores[places] += weights
        return scores

    def rank(self, query: Iterable[str], *, count: int) -> list[int]:
        """The places of the texts that are most like the query, the likest first; of equals the earlier one."""
        return [int(place) for place in np.argsort(-self.score(query), kind="stable")[:count]]
