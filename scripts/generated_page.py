"""Pages of docs/ that are written from the code: where they are, and how they are written."""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def write_page(page: Path, text: str) -> None:
    """Write a page and say whether it changed."""
    changed = not page.exists() or page.read_text() != text
    page.write_text(text)
    print(f"{page.name}: {'written anew' if changed else 'up to date'}")
