"""docs/api.md and /docs: complete, up to date, linked, and safe to show."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from scripts.write_reference import PAGE, reference
from services.api.problems import ProblemCode
from services.api.reference.html import anchor, page
from services.api.reference.schemas import cell, schema_lines, type_of


@pytest.fixture(scope="module")
def text() -> str:
    return reference()


class Anchors(HTMLParser):
    """Collects ids, links inside the page, and what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.fetched: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids |= {value for name, value in attrs if name == "id" and value}
        if (found.get("href") or "").startswith("#"):
            self.links.add((found["href"] or "")[1:])
        self.fetched += [(tag, found[name]) for name in ("src", "srcset") if name in found]


class TestPageInDocs:
    def test_is_up_to_date(self, text: str) -> None:
        assert PAGE.read_text() == text, "docs/api.md is old: run `make docs`"

    def test_names_every_operation_and_problem(self, text: str) -> None:
        assert "`POST /v1/jobs`" in text
        assert "id: `upload_image`" in text
        assert all(f"### {code}\n" in text for code in ProblemCode)


class TestHtml:
    def test_every_link_within_the_page_leads_somewhere(self, text: str) -> None:
        found = Anchors()
        found.feed(bytes(page(text, title="x").body).decode())
        assert found.links
        assert found.links <= found.ids

    def test_runs_no_script_and_fetches_nothing(self, text: str) -> None:
        shown = page(text, title="x")
        found = Anchors()
        found.feed(bytes(shown.body).decode())
        assert found.fetched == []
        assert not {"script", "link", "iframe", "img"} & found.tags
        assert shown.headers["content-security-policy"].startswith("default-src 'none'")

    def test_shows_markup_and_does_not_obey_it(self) -> None:
        body = bytes(page("# A <b>\n\n<script>alert(1)</script>", title="<x>").body).decode()
        assert "<script" not in body
        assert "<title>&lt;x&gt;</title>" in body

    def test_its_style_is_the_one_that_its_policy_allows(self) -> None:
        shown = page("x", title="x")
        match = re.search(r"<style>(.*?)</style>", bytes(shown.body).decode(), re.DOTALL)
        assert match
        digest = base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in shown.headers["content-security-policy"]


class TestAnchor:
    @pytest.mark.parametrize(
        ("heading", "expected"),
        [
            ("Submit photos as one job", "submit-photos-as-one-job"),
            ("Get a file of a model's bundle", "get-a-file-of-a-models-bundle"),
            ("Add files, or get URLs", "add-files-or-get-urls"),
            ("Page_JobObject_", "page_jobobject_"),
        ],
    )
    def test_is_the_one_of_github(self, heading: str, expected: str) -> None:
        assert anchor(heading) == expected


class TestCell:
    def test_is_one_line_that_ends_no_column(self) -> None:
        assert cell("a |\n b") == "a \\| b"


class TestTypes:
    @pytest.mark.parametrize(
        ("schema", "words"),
        [
            ({"type": "integer", "minimum": 1, "maximum": 7}, "integer, ≥ 1, ≤ 7"),
            ({"$ref": "#/components/schemas/JobObject"}, "[JobObject](#jobobject)"),
            ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
            ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of `a` `b`"),
            ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
            ({"type": "string", "format": "date-time"}, "date-time"),
            ({"const": "job"}, "`job`"),
            ({}, ""),
        ],
    )
    def test_are_told_in_words(self, schema: dict[str, object], words: str) -> None:
        assert type_of(schema) == words

    def test_an_object_is_a_table_of_its_members(self) -> None:
        schema = {
            "description": "A thing.",
            "type": "object",
            "properties": {"n": {"type": "integer", "description": "how many"}},
        }
        assert "| `n` | integer | how many |" in list(schema_lines("Thing", schema))
