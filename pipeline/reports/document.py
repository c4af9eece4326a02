"""The frame of every page: escaped templates, inlined style and script, and the policy that allows nothing else.

Style and script stand inside the page, allowed by their hashes, and not in shared files: a day's folder can be mailed,
and an old page keeps its look and its script when hibi changes. Only the fonts are shared, in ``assets``.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.reports.characters import writable
from pipeline.reports.model import Chart
from pipeline.reports.strings import texts
from pipeline.settings import Language

FONT, EMOJI_FONT = "NotoSansJP.woff2", "NotoEmoji.woff2"
"""File names of the fonts that the caller puts into ``reports/assets``, for systems that lack their like."""

_FOLDER = Path(__file__).with_name("templates")


def render(template: str, language: Language, *, assets: str, script: str | None, **values: object) -> str:
    """Return a page; ``assets`` is the relative address of the folder with the fonts, ``script`` a script's name."""
    style = _source("style.css").replace("EMOJI_FONT", f"{assets}/{EMOJI_FONT}").replace("FONT", f"{assets}/{FONT}")
    code = _source("page.js") + _source(script) if script else None
    values |= {"style": Markup(style), "policy": _policy(style, code)}
    if code:
        values["script"] = Markup(code)
    return _templates().get_template(template).render(t=texts(language), language=language, **values)


def figure(chart: Chart) -> dict[str, object]:
    """Return a chart as the templates take it."""
    return {
        "title": chart.title,
        "svg": Markup(chart.svg),
        "table": [(writable(label), value) for label, value in chart.table],
    }


def web_link(url: str | None) -> str | None:
    """Return the address if a reader may follow it (http or https with a host), otherwise None."""
    if url is None or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return writable(url) if parts.scheme in ("http", "https") and parts.hostname else None


def number(value: float) -> str:
    """Return a number with thousands separators, a fraction with at most two places."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"


def signed(value: int) -> str:
    """Return a change with its sign; a true minus, as the hyphen is hard to see."""
    return f"{value:+,}".replace("-", "−")


def percent(share: float) -> str:
    """Return a share from 0 to 1 in per cent; one place below ten, but for none at all."""
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(n=number, signed=signed, percent=percent)
    return made


@cache
def _source(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str | None) -> str:
    """Return the Content-Security-Policy; ``file:``, as not every browser takes a file for its own 'self'."""
    scripts = f"script-src {_hash(script)}; " if script is not None else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; {scripts}font-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
