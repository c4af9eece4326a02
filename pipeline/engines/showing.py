"""What is shown of a post: who wrote it, what it says and where it can be read, as far as the settings let that be."""

from __future__ import annotations

from typing import Any

from pipeline.reports import model
from pipeline.settings import Settings
from pipeline.text import masking


def post(row: dict[str, Any], settings: Settings) -> model.Post:
    """Show a post: its row of posts has post_id, author, created_at and text."""
    author, hashed, masked = row["author"], settings.privacy.authors == "hash", settings.privacy.mask
    if author:
        author = author[:6] if hashed else None if masked else author
    shown = masking.mask_id(row["post_id"]) if masked else row["post_id"]
    return model.Post(shown, row["created_at"], author, said(row["text"], settings), address(row["post_id"], settings))


def said(text: str, settings: Settings) -> str:
    """Give a text as it is shown: what points at a person is covered, unless the settings say otherwise."""
    return masking.mask(text) if settings.privacy.mask else text


def address(post_id: str, settings: Settings) -> str | None:
    """Tell where a post can be read, unless the address names its author and such names are covered."""
    found = web_address(post_id)
    return None if found and settings.privacy.mask and masking.mask_id(found) != found else found


def web_address(post_id: str) -> str | None:
    """Tell where a post can be read, as far as its id says."""
    network, _, own = post_id.partition(":")
    if network == "x" and own.isascii() and own.isdigit():
        return f"https://x.com/i/web/status/{own}"
    if network == "mastodon" and own.startswith("https://"):
        return own
    parts = own.removeprefix("at://").split("/")
    if network == "bluesky" and len(parts) == 3:
        return f"https://bsky.app/profile/{parts[0]}/post/{parts[2]}"
    return None
