"""All days of a store analysed anew with the dictionary as it is now."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pipeline.engines import last_run, local
from pipeline.engines.local import Outcome, Wanted, Watcher
from pipeline.engines.pool import Pool
from pipeline.engines.project import Project


def retokenise(project: Project, pool: Pool, watcher: Watcher, now: dt.datetime) -> Outcome:
    """Take over the dictionary that is installed, and bring every day that was analysed up to date.

    What is new in the inboxes of the last run, if they are still there, is taken in as by any run. A run that is
    interrupted is gone on with by the next one. Raises StoreBusy.
    """
    layout = project.layout
    told = last_run.recall(layout)
    inboxes = [path for path in map(Path, told["inbox"] if told else ()) if path.exists()]
    analysed = (day for day in layout.days() if layout.partition("tokens", day).exists())
    until = max([local.last_closed_day(project, now), *analysed])
    return local.run(project, inboxes, Wanted(until, anew=True), pool, watcher)
