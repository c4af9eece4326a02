"""Costs at which a user's word wins over its split in ordinary sentences, but does not eat into other words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.text.exemplars import CFORM, Form
from pipeline.text.pruning import connections

_COST = {
    "名詞": 2500, "サ変名詞": 2000, "固有名詞": 3000, "組織名": 3000, "人名": 3000, "地名": 3000, "形状詞": 3000,
    "感動詞": 6000, "副詞": 6000,
}  # fmt: skip
"""Greatest cost, about that of a common known word of the kind; the lower, the likelier."""
_LENGTH = 800
"""Taken off for each character beyond three: a long word is hardly ever met by chance, and must beat its parts."""
_FLOOR = -12_000
_MARGIN = 3000
"""How much cheaper than the way MeCab reads the word without an entry; neighbours change a path by about as much."""
_MARGIN_WHOLE = 500
"""The same, where MeCab takes the word for an unknown one already and only the entry is wanted."""


class Price:
    """Finds costs, by what MeCab pays without the entry."""

    def __init__(self, dicdir: Path) -> None:
        import fugashi

        self._connections = connections(np.memmap(dicdir / "matrix.bin", np.int16, "r"))
        self._parse = fugashi.GenericTagger(f"""-r /dev/null -d "{dicdir}" -O '' -F k -U u -E ' %pc'""").parse

    def of(self, surface: str, form: Form, part_of_speech: str) -> int:
        """Return the cost of an entry: under what MeCab pays today for the same characters alone, by a margin."""
        if "語幹" in form.fields[CFORM]:
            return form.cost  # made cheaper, the stem would win over the word: チョロ + い
        ceiling = _COST.get(part_of_speech, form.cost) - _LENGTH * (len(surface) - 3)
        parts, paid = self._parse(surface).split(" ")
        margin = _MARGIN_WHOLE if parts == "u" else _MARGIN
        return max(_FLOOR, min(ceiling, int(paid) - self._alone(form) - margin))

    def _alone(self, form: Form) -> int:
        """Cost of beginning and ending a sentence with a word."""
        return int(self._connections[form.left, 0]) + int(self._connections[0, form.right])
