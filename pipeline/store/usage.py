"""How much of the disk a store takes."""

from __future__ import annotations

import os
from pathlib import Path


def by_kind(root: Path) -> dict[str, int]:
    """Add up the bytes of all files by folder of the store; those that lie in none are ``other``."""
    found: dict[str, int] = {}
    for folder, _, names in os.walk(root):
        inside = Path(folder).relative_to(root).parts
        kind = inside[0].lstrip(".") if inside else "other"
        for name in names:
            try:
                found[kind] = found.get(kind, 0) + (Path(folder) / name).lstat().st_size
            except FileNotFoundError:  # replaced by a run while we look
                continue
    return dict(sorted(found.items()))
