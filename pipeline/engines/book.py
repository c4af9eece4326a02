"""What every stage of every day is made of, and so which stages must run: the manifests of all days, and the files."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline import stages
from pipeline.engines import absences, predicting
from pipeline.engines.project import Project
from pipeline.errors import StoreDamaged
from pipeline.stages import Stage
from pipeline.store.layout import Day
from pipeline.store.manifest import DayManifest, read, sha256, verify


@dataclass(frozen=True)
class Book:
    """The manifests of all days, read once a run."""

    project: Project
    days: dict[Day, DayManifest]
    failed: dict[Day, str] = field(default_factory=dict)
    """Why the last run of a day failed, of those that are not mended yet."""
    verified: dict[str, str] = field(default_factory=dict)
    """Path -> SHA-256 of the files that this run wrote, or read whole and found to be what was written."""

    def inputs(self, stage: Stage, day: Day) -> dict[str, str]:
        """Name all that a stage of a day is made of, with fingerprints."""
        project = self.project
        chosen = {key: stages.setting(project.settings, key) for key in stage.settings}
        rules = json.dumps(chosen, sort_keys=True, default=str)
        found = {"version": str(stage.version), "settings": hashlib.sha256(rules.encode()).hexdigest()[:16]}
        if stage.dictionary:
            found["dictionary"] = project.lexicon.fingerprint
        if stage.lists:
            found["lists"] = project.lists
        if stage.name == "merge":
            found |= self._collected(day)
        if stage.name == "summarise" and (name := project.settings.report.gloss):
            found[f"model {name}"] = "in service" if predicting.in_service(project.layout, name) else "none"
        if stage.name == "predict":  # not the version: a promotion leaves old days as they are
            found |= {f"model {name}": "in service" if served else "none" for name, served in self.models.items()}
        for name in stage.reads:
            found |= self._outputs(name, day)
        for name, before in stages.looks_back(stage, project.settings):
            for back in range(1, before + 1):
                found |= self._outputs(name, day - dt.timedelta(days=back))
        if stage.name == "report":
            found |= absences.inputs(self.days, self.failed, day)
        return found

    @cached_property
    def models(self) -> dict[str, bool]:
        """The models that the settings name, and whether a version of each is in service."""
        names = [task.name for task in self.project.settings.models]
        return {name: predicting.in_service(self.project.layout, name) for name in names}

    @cached_property
    def given(self) -> dict[str, dict[str, str]]:
        """What files of posts gave, by its folder (date=2024-01-01, removals, undated): path -> SHA-256.

        Of a file whose note is damaged, nothing: whoever reads the note names it.
        """
        found: dict[str, dict[str, str]] = {}
        for path in sorted((self.project.layout.root / "manifests" / "files").glob("*.json")):
            with suppress(StoreDamaged):
                for name, sha in read(path).get("pieces", {}).items():
                    found.setdefault(Path(name).parent.name, {})[name] = sha
        return found

    def _collected(self, day: Day) -> dict[str, str]:
        layout = self.project.layout
        found = {layout.relative(path): "" for path in layout.pieces(day)}  # named by content already
        if layout.exclusions(day).exists():
            found[layout.relative(layout.exclusions(day))] = sha256(layout.exclusions(day))
        return found

    def _outputs(self, stage: str, day: Day) -> dict[str, str]:
        manifest = self.days.get(day)
        entry = manifest.stages.get(stage) if manifest else None
        return dict(entry.outputs) | (manifest.gone.get(stage, {}) if manifest else {}) if entry else {}

    def verify(self, inputs: dict[str, str]) -> None:
        """Read the stored files among a stage's inputs, once a run. Raises StoreDamaged for one that is damaged."""
        for name, expected in inputs.items():
            if "/" in name and expected and self.verified.get(name) != expected and not self._expired(name):
                verify(self.project.layout.root / name, expected)
                self.verified[name] = expected

    def _expired(self, name: str) -> bool:
        """Tell whether a file is no more, as the time of its day was over."""
        day = name.partition("/date=")[2].partition("/")[0]
        layout = self.project.layout
        return bool(day) and not (layout.root / name).exists() and layout.expired(dt.date.fromisoformat(day))

    def stale(self, stage: Stage, day: Day) -> bool:
        """Tell whether a stage of a day must run; never where the day's posts went as their time was over."""
        return not self.project.layout.expired(day) and not self.days[day].current(stage.name, self.inputs(stage, day))
