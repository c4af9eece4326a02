"""Examples and recipes so small that a network learns them in a second: what tests of learning share."""

import numpy as np

from pipeline.models.examples import Examples
from pipeline.models.recipe import Recipe

GOOD, BAD = ("good", "lovely", "fine", "great"), ("bad", "awful", "poor", "sad")
FILLERS = ("day", "meal", "train", "rain", "book")
LABELS = ("no", "yes")

TINY = """
[encoder]
language = "en"
least = 1
longest = 12
embedding = 16
bidirectional = false
units = 12
pooling = ["max"]

[dropout]
embedding = 0.0
output = 0.0

[training]
rate = 1e-1
epochs = 3
rows = 4
"""


def recipe(**parts) -> Recipe:
    """Return the tiny recipe; parts by name replace single values of head, training, encoder."""
    import tomllib

    given = tomllib.loads(TINY)
    for name, values in parts.items():
        given[name] = given.get(name, {}) | values
    return Recipe.model_validate(given)


def sentences(count=50) -> list[str]:
    """Return distinct sentences; those at even places are good."""
    found = []
    for number in range(count):
        words = BAD if number % 2 else GOOD
        filler = FILLERS[number % len(FILLERS)]
        found.append(f"a {words[number // 2 % 4]} {filler} number {number}")
    return found


def yes_no(count=50) -> Examples:
    """Return sentences labelled yes where they are good, no where they are bad."""
    return Examples(sentences(count), [LABELS[1 - number % 2] for number in range(count)])


def several(count=50) -> Examples:
    """Return sentences with two labels: whether they are good, and whether a book is in them."""
    texts = sentences(count)
    gold = np.array([[number % 2 == 0, "book" in text] for number, text in enumerate(texts)], np.int8)
    return Examples(texts, gold, labels=["good", "book"])


def rows(examples: Examples) -> str:
    """Write examples as TSV with the columns text and label."""
    lines = [f"{text}\t{label}" for text, label in zip(examples.texts, examples.gold, strict=True)]
    return "\n".join(["text\tlabel", *lines]) + "\n"


def parts(examples: Examples, dev=10) -> tuple[Examples, Examples]:
    """Part examples: the last ones are measured on."""
    cut = len(examples) - dev
    return examples.take(range(cut)), examples.take(range(cut, len(examples)))
