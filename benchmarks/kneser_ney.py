"""An interpolated Kneser-Ney trigram model: what a language model has to be better than.

Absolute discounting with continuation counts below the top order (Kneser and Ney 1995; Chen and Goodman 1998, section
2.7), one discount an order, n1 / (n1 + 2 n2).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence


class Trigram:
    """Trained on sentences of unit numbers; ``units`` is the size of the vocabulary."""

    def __init__(self, sentences: Iterable[Sequence[int]], units: int) -> None:
        self.units = units
        full: Counter[tuple[int, ...]] = Counter()
        for sentence in sentences:
            padded = [sentence[0], *sentence]  # the start twice: a trigram predicts the first unit, too
            full.update(tuple(padded[i : i + 3]) for i in range(len(padded) - 2))
        self.counts = [full]
        for _ in range(2):  # of lower orders count how many units come before, not how often
            self.counts.append(Counter(gram[1:] for gram in self.counts[-1]))
        self.discounts = [self._discount(counts) for counts in self.counts]
        self.totals = [self._totals(counts) for counts in self.counts]

    @staticmethod
    def _discount(counts: Counter[tuple[int, ...]]) -> float:
        times = Counter(counts.values())
        return times[1] / max(1, times[1] + 2 * times[2])

    @staticmethod
    def _totals(counts: Counter[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, int]]:
        sums: defaultdict[tuple[int, ...], int] = defaultdict(int)
        kinds: defaultdict[tuple[int, ...], int] = defaultdict(int)
        for gram, count in counts.items():
            sums[gram[:-1]] += count
            kinds[gram[:-1]] += 1
        return {history: (sums[history], kinds[history]) for history in sums}

    def probability(self, gram: tuple[int, ...], order: int = 0) -> float:
        """Return the probability of the last unit after those before it."""
        if order == len(self.counts):
            return 1 / self.units
        below = self.probability(gram[1:], order + 1)
        total, kinds = self.totals[order].get(gram[:-1], (0, 0))
        if not total:
            return below
        discount = self.discounts[order]
        return (max(self.counts[order][gram] - discount, 0) + discount * kinds * below) / total

    def perplexity(self, sentences: Iterable[Sequence[int]]) -> float:
        """Return the perplexity of sentences, each unit after the first and the end counted."""
        logarithms, predicted = 0.0, 0
        for sentence in sentences:
            padded = [sentence[0], *sentence]
            for i in range(len(padded) - 2):
                logarithms += math.log(self.probability(tuple(padded[i : i + 3])))
                predicted += 1
        return math.exp(-logarithms / predicted)
