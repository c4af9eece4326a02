"""One dictionary for all days of a store: counts that two dictionaries made cannot be compared, and are never mixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.engines.contents import sound
from pipeline.engines.project import Project, source_fingerprint
from pipeline.errors import DictionaryError
from pipeline.store.layout import Day
from pipeline.store.manifest import write


def agree(project: Project, stays: Callable[[Day], bool], *, anew: bool = False) -> None:
    """Refuse a run that would leave a store with days by two dictionaries; ``stays`` tells the days that it leaves.

    Another dictionary is taken only where all days are analysed ``anew``; other words for the user's own list, too,
    where no day stays. Writes down what the store is made with; call only while holding it. Raises DictionaryError.
    """
    layout = project.layout
    path, now = layout.dictionary, source_fingerprint()
    made = sound(path).get("source")
    if made is not None and made != now and not anew:
        raise DictionaryError(
            f"{layout.root}: made with another dictionary ({made}) than the one that is installed now ({now}), and"
            " counts by two dictionaries cannot be compared; install the former version of unidic-lite again, or"
            " run `hibi retokenise`, which analyses all days anew"
        )
    here = (None, project.lexicon.fingerprint)
    others = [day for day in layout.days() if stays(day) and _by(project, day) not in here]
    if others:
        raise DictionaryError(
            f"{layout.root}: {len(others):,} days outside the span, such as {others[-1]}, were analysed with other"
            " words in the dictionary, and this run would leave them so; run `hibi retokenise`, which analyses all"
            " days anew, or take the change of your word list back"
        )
    if made != now:
        write(layout.root, path, {"version": 1, "source": now})


def _by(project: Project, day: Day) -> Any:
    """Name the dictionary that a day's tokens were made with; None where there are none."""
    entry = sound(project.layout.day_manifest(day)).get("stages", {}).get("tokenise", {})
    return entry.get("inputs", {}).get("dictionary")
