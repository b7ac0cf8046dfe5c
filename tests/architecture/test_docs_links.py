"""Links and paths in the documents lead somewhere: files, folders, anchors and modules."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from services.api.reference.html import anchor

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("client/*.md")],
)
_FOLDERS = ("services", "infra", "scripts", "benchmarks", "tests", "docs", "migrations", "findings")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_PATH = re.compile(rf"({'|'.join(_FOLDERS)})/")
_MODULE = re.compile(rf"({'|'.join(_FOLDERS)})(\.\w+)+")
_LABEL = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def links(text: str) -> list[str]:
    """Relative links of a page, those in code left out."""
    prose = _CODE.sub("", _FENCE.sub("", text))
    return [link for link in _LINK.findall(prose) if not _ELSEWHERE.match(link)]


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings; one that comes again gets a number, as on GitHub."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        name = base = anchor(_LABEL.sub(r"\1", heading).replace("`", ""))
        number = 0
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found.add(name)
    return found


def paths(text: str) -> set[str]:
    """Paths and modules of this tree that a page names in code, ``{a,b}`` written out."""
    words = {
        word.rstrip(",;")
        for span in _CODE.findall(_FENCE.sub("", text))
        for word in span[1:-1].split()
    }
    named = {path for word in words if _PATH.match(word) for path in written_out(word)}
    return named | {word.replace(".", "/") for word in words if _MODULE.fullmatch(word)}


def written_out(word: str) -> list[str]:
    """Return what a word with ``{a,b}`` in it stands for."""
    before, brace, rest = word.partition("{")
    if not brace:
        return [word]
    choices, _, after = rest.partition("}")
    return [path for choice in choices.split(",") for path in written_out(before + choice + after)]


def broken(page: Path, text: str) -> list[str]:
    """Links of a page that lead nowhere."""
    found = []
    for link in links(text):
        path, _, fragment = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        known = target == page or (target.exists() and target.is_relative_to(ROOT))
        if known and fragment and target.suffix == ".md":
            known = fragment in anchors(text if target == page else target.read_text())
        if not known:
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_code_exist(page: Path) -> None:
    gone = {
        path
        for path in paths(page.read_text())
        if not (any(ROOT.glob(path)) or (ROOT / f"{path}.py").exists())
    }
    assert gone == set()


def test_finds_paths_in_code() -> None:
    text = (
        "`services/{api,web}/app.py`, `python -m services.api` and `docs`\n```\n`tests/no`\n```\n"
    )
    assert paths(text) == {"services/api/app.py", "services/web/app.py", "services/api"}


def test_finds_what_is_broken() -> None:
    page = ROOT / "docs" / "here.md"
    text = (
        "# Here\n[a](nowhere.md) [b](../README.md) [c](#here) [d](#there) `[e](no.md)`\n"
        "[f](../README.md#no-such-heading) [g](https://example.org/x) [h](../../etc)\n"
        "```\n[i](no.md)\n```\n"
    )
    assert broken(page, text) == [
        "nowhere.md",
        "#there",
        "../README.md#no-such-heading",
        "../../etc",
    ]
