"""The page: one HTML file with everything inline, light or dark as the reader's system is."""

from collections.abc import Sequence
from html import escape
from string import Template

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2126; --soft: #5c6670;
  --faint: #b4bcc4; --line: #e3e7eb; --first: #2266bb; --second: #c2571a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9aa4ae;
  --faint: #5a646e; --line: #2a3138; --first: #6aa9f4; --second: #f09a5e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 1rem 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
p { margin: .3rem 0; max-width: 46rem; } .soft { color: var(--soft); font-size: .9rem; }
.note { border-left: 4px solid var(--second); padding: .2rem .8rem; }
.wide { overflow-x: auto; } .wide svg { width: 100%; min-width: 34rem; height: auto; }
.wide svg text { font-family: system-ui, sans-serif; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 0 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; } tr > :first-child { text-align: left; }
td.cell { text-align: center; min-width: 3.6rem; line-height: 1.2;
  background: color-mix(in srgb, var(--first) calc(var(--share) * 70%), transparent); }
td.cell small { display: block; color: var(--soft); }
td.bar { min-width: 8rem; } td.bar i { display: block; height: .8rem; background: var(--first);
  width: calc(var(--share) * 100%); border-radius: 2px; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem; }
.faces figure { margin: 0; font-size: .8rem; line-height: 1.3; overflow-wrap: anywhere; }
.faces img { width: 100%; image-rendering: pixelated; border-radius: 4px; }
pre { overflow-x: auto; font-size: .8rem; padding: .8rem; border: 1px solid var(--line); }
code { overflow-wrap: anywhere; }
</style></head><body>
$body
</body></html>
""")


def page(title: str, sections: Sequence[str]) -> str:
    """Join sections of HTML to a whole page."""
    head = f"<h1>{escape(title)}</h1>"
    return _PAGE.substitute(title=escape(title), body="\n".join([head, *sections]))


def section(title: str, *parts: str) -> str:
    """Put a heading above parts of HTML."""
    return "\n".join([f"<section><h2>{escape(title)}</h2>", *parts, "</section>"])


def paragraph(text: str, *, kind: str = "") -> str:
    """Return a paragraph; ``kind`` is "", "soft" or "note"."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain text; the first column is left-aligned."""
    return raw_table(head, [[f"<td>{escape(cell)}</td>" for cell in row] for row in rows])


def raw_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose cells are made already."""
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{titles}</tr>{body}</table></div>'


def shaded(text: str, small: str, share: float) -> str:
    """Return a table cell whose shade is ``share`` 0..1."""
    return (
        f'<td class="cell" style="--share:{share:.3f}">{escape(text)}'
        f"<small>{escape(small)}</small></td>"
    )


def bar(share: float) -> str:
    """Return a table cell with a bar of length ``share`` 0..1."""
    return f'<td class="bar"><i style="--share:{share:.3f}"></i></td>'
