"""SVG markup from numbers and hostile text: every text and every attribute is escaped here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

NAMESPACE = "http://www.w3.org/2000/svg"

Attributes = Mapping[str, str | float]

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """Return a text as markup, safe in XML and in HTML; characters that XML forbids become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", value), quote=True)


def number(value: float) -> str:
    """Return a coordinate with at most two decimals and nothing superfluous."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def element(name: str, attributes: Attributes, *children: str) -> str:
    """Return one element; children are markup already."""
    written = "".join(
        f' {key}="{text(value) if isinstance(value, str) else number(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def label(value: str, attributes: Attributes) -> str:
    """Return a ``text`` element."""
    return element("text", attributes, text(value))


def picture(width: float, height: float, *children: str, title: str, about: str = "", css_class: str) -> str:
    """Return a whole picture that scales to the room it is given and tells its title to a screen reader.

    Texts are small and, like all that names no colour, in the colour of the page's text.
    """
    described = (element("desc", {}, text(about)),) if about else ()
    attributes: Attributes = {
        "xmlns": NAMESPACE,
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "role": "img",
        "class": css_class,
        "font-size": 11,
        "fill": "currentColor",
    }
    return element("svg", attributes, element("title", {}, text(title)), *described, *children)
