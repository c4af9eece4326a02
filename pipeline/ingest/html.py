"""A post's HTML to the text that a person sees, by a real parser."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.ingest.records import Unusable

_BLOCKS = frozenset(["p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "hr"])
_LINES = frozenset(("li", "tr"))
_UNSEEN = frozenset(("script", "style", "template", "title", "noscript"))
_MOST_TAGS = 5_000  # the parser's time grows with the square of the depth


def to_text(markup: str) -> tuple[str, list[str]]:
    """Return text and links: ``<br>`` as newline, paragraphs parted by a blank line, links but mentions and hashtags.

    Raises Unusable where there are more tags than any post has.
    """
    if "<" not in markup and "&" not in markup:
        return markup, []
    if markup.count("<") > _MOST_TAGS:
        raise Unusable(f"content: more than {_MOST_TAGS:,} tags")
    root = LexborHTMLParser(markup.encode("utf-8", "replace")).body
    out: list[str] = []
    links: list[str] = []
    for node in root.traverse(include_text=True) if root is not None else ():
        _break(node, out)
        if node.tag == "-text" and (text := _seen(node)):
            out.append(text)
        elif node.tag == "br":
            out.append("\n")
        elif node.tag == "img":
            out.append(node.attributes.get("alt") or "")
        elif node.tag == "a":
            links.extend(_link(node))
    return "".join(out).strip("\n"), links


def _break(node: LexborNode, out: list[str]) -> None:
    """Part a block from what came before it, and what follows a block from it."""
    before = node.prev
    tags = (node.tag, before.tag if before is not None else None)
    if not out or node.tag == "br":
        return
    if any(tag in _BLOCKS for tag in tags):
        _end_with(out, "\n\n")
    elif any(tag in _LINES for tag in tags):
        _end_with(out, "\n")


def _end_with(out: list[str], gap: str) -> None:
    tail = "".join(out[-3:])
    if missing := gap[len(tail) - len(tail.rstrip("\n")) :]:
        out.append(missing)


def _seen(node: LexborNode) -> str:
    parent = node.parent
    return "" if parent is not None and parent.tag in _UNSEEN else node.text_content or ""


def _link(node: LexborNode) -> list[str]:
    given = node.attributes
    kinds = (given.get("class") or "").split()
    target = (given.get("href") or "").strip()
    web = target.lower().startswith(("http://", "https://"))
    return [target] if web and "mention" not in kinds and "hashtag" not in kinds else []
