"""The doctor: checks all that a run needs and all that a store keeps, and says for each what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.engines import health, integrity, surroundings
from pipeline.engines.health import BROKEN, OK, WARNING, Finding
from pipeline.errors import PipelineError, SettingsError
from pipeline.settings import Settings
from pipeline.store.layout import Layout

Check = dict[str, Any]
Look = Callable[[Settings, Layout], Finding]

MACHINE: tuple[tuple[str, Look], ...] = (
    ("python", surroundings.python),
    ("packages", surroundings.packages),
    ("learning", surroundings.learning),
    ("gpu", surroundings.gpu),
    ("dictionary", surroundings.dictionary),
    ("font", surroundings.font),
)
"""What needs no store."""

STORE: tuple[tuple[str, Look], ...] = (
    ("settings", surroundings.paths),
    ("word lists", surroundings.word_lists),
    ("clock", health.clock),
    ("disk", health.disk),
    ("write speed", health.write_speed),
    ("salt", health.salt),
    ("lock", health.lock),
    ("leftovers", health.leftovers),
    ("models", health.models),
    ("store", integrity.check),
)


def examine(
    settings: Settings | SettingsError, layout: Layout | None, watch: Callable[[str], None] = lambda name: None
) -> Iterator[Check]:
    """Check one thing after the other: ``name``, ``ok``, ``state`` (ok, warning, broken), ``found``, ``do``.

    Of settings that cannot be read, the error is given instead: then the rest is checked as far as it can be.
    ``watch`` hears the name of each check as it begins.
    """
    usable = Settings() if isinstance(settings, SettingsError) else settings
    looks = [*MACHINE, *(STORE if layout else [])]
    if isinstance(settings, SettingsError):
        yield _told("settings", Finding(str(settings), BROKEN, "correct the file"))
        looks = [(name, look) for name, look in looks if name != "settings"]
    for name, look in looks:
        watch(name)
        try:
            found = look(usable, layout or Layout(usable.store))
        except PipelineError as error:  # it says what to do itself
            found = Finding(str(error), BROKEN)
        except OSError as error:
            found = Finding(str(error), BROKEN, "see to the disk and its rights")
        except Exception as error:  # the other checks still tell something
            found = Finding(f"{type(error).__name__}: {error}", BROKEN, "a defect of hibi, or a damaged environment")
        yield _told(name, found)


def _told(name: str, found: Finding) -> Check:
    return {
        "name": name,
        "ok": found.state != BROKEN,
        "state": found.state,
        "found": found.text,
        "do": found.do if found.state != OK else "",
    }


_SIGNS = {OK: "ok  ", WARNING: "warn", BROKEN: "FAIL"}


def line(check: Check) -> str:
    """Say a check to a person."""
    return f"{_SIGNS[check['state']]}  {check['name']}: {check['found']}" + (f"; {check['do']}" if check["do"] else "")
