"""The state of a training after an epoch, as one file that is replaced whole: after a kill it goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files
from pipeline.models import sharing

NAME = "resume.safetensors"


@dataclass
class State:
    """Where a training stands; all that its next epoch depends on."""

    fingerprint: str
    """Of recipe and data: the state of another training is not gone on with."""
    member: int = 0
    epoch: int = 0
    """Epochs done of this member."""
    best: float = -np.inf
    best_epoch: int = 0
    halvings: int = 0
    """Times that batches were halved for want of memory."""
    history: list[dict[str, float]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    """``now/…`` and ``optimiser/…`` to go on with, ``best/…`` of this member, ``MEMBER/…`` of finished ones."""

    def part(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of one part, by their names within it."""
        return {key[len(name) + 1 :]: array for key, array in self.arrays.items() if key.startswith(f"{name}/")}

    def replace(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Set one part; an empty one removes it."""
        self.arrays = {key: array for key, array in self.arrays.items() if not key.startswith(f"{name}/")}
        self.arrays |= {f"{name}/{key}": array for key, array in arrays.items()}


def save(state: State, folder: Path) -> None:
    """Write the state, replacing the one before. Raises StoreUnwritable where the disk refuses."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    about: dict[str, Any] = {key: value for key, value in vars(state).items() if key != "arrays"}
    if not np.isfinite(state.best):
        about["best"] = None
    kept, same = sharing.once(state.arrays)
    arrays = {key: np.asarray(array, order="C") for key, array in kept.items()}
    files.clear_staging(folder)  # what a killed training left
    with files.staged(folder, folder / NAME) as draft:
        try:
            save_file(arrays, draft, {"state": json.dumps(about), "same": json.dumps(same)})
        except SafetensorError as error:  # a full disk, too, is one
            raise OSError(str(error)) from error


def load(folder: Path, fingerprint: str) -> State | None:
    """Read the state that a training with this fingerprint left; None where there is none to go on with."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / NAME, "numpy") as file:
            told = file.metadata() or {}
            about, same = json.loads(told["state"]), json.loads(told["same"])
            if about["fingerprint"] != fingerprint:
                return None
            about["best"] = -np.inf if about["best"] is None else about["best"]
            names = file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
            return State(**about, arrays=sharing.all_of(arrays, same))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None  # none, or one damaged by the fall: the training begins anew


def remove(folder: Path) -> None:
    """Forget the state of a finished training."""
    (folder / NAME).unlink(missing_ok=True)
