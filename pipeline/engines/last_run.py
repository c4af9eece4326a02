"""What a store's last run was done with, so that a question about the store need not be told it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.engines.project import Project
from pipeline.errors import StoreDamaged
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, write


def remember(project: Project, inboxes: Sequence[Path]) -> None:
    """Write where inboxes and settings lie, not what is in them. Call only while holding the store."""
    path, settings = project.layout.last_run, project.settings_file
    told = {
        "version": 1,
        "inbox": [str(inbox.absolute()) for inbox in inboxes],
        "settings": str(settings.absolute()) if settings else None,
    }
    try:
        known = read(path)
    except StoreDamaged:
        known = {}
    if known != told:
        write(project.layout.root, path, told)


def recall(layout: Layout) -> dict[str, Any] | None:
    """Tell ``inbox`` and ``settings`` (path, or None for the defaults) of the last run; None where there was none."""
    told = read(layout.last_run)
    return {name: told[name] for name in ("inbox", "settings")} if told else None
