"""Markdown as a page for browsers: no script, nothing fetched from anywhere else."""

import base64
import hashlib
import html
import re
from itertools import pairwise

from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt
from markdown_it.token import Token

_CSS = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;
padding:1rem 1.25rem 4rem;overflow-wrap:anywhere}th,td code{overflow-wrap:normal}
h2{margin-top:3rem;border-bottom:1px solid #8886}h3{margin-top:2.2rem}
code,pre{font:.9em/1.45 ui-monospace,monospace;background:#8882;border-radius:4px}
code{padding:.1em .3em}pre{padding:.8em 1em;overflow-x:auto}pre code{padding:0;background:none}
.wide{overflow-x:auto}table{border-collapse:collapse}th,td{border:1px solid #8886;padding:.3em .6em;
text-align:left;vertical-align:top}a{color:LinkText}:target{outline:2px solid Highlight}
"""
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    # The same path answers other media types.
    "Vary": "Accept",
}
_TABLE = '<div class="wide" tabindex="0"><table>'
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading, so that links work here and there."""
    return _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")


def page(markdown: str, *, title: str) -> HTMLResponse:
    """Turn Markdown of ours into a page. Raw HTML in it is shown, not obeyed."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(_plain(inline)))
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="wide"><table>').replace(
        "</table>", "</table></div>"
    )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style></head>"
        f"<body><main>{body}</main></body></html>\n",
        headers=_HEADERS,
    )


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())
