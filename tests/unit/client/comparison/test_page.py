"""The page: loads nothing, runs nothing, shows texts as texts."""

from html.parser import HTMLParser

from hfer._codec import decode
from hfer.comparison import Comparison, SavedFace, SavedFile, SavedPhoto, compare, comparison_page
from hfer.comparison.page import MOST_ROWS
from hfer.models import Box, PhotoResult
from tests.fixtures.fake_service import photo_json

EVIL = "<script src=//evil.test/x>\"'&.jpg"


def found(*names: str) -> Comparison:
    face = SavedFace(0, Box(1.5, 2, 30, 40), relative=False, scores={"anger": 1.0}, top=EVIL)
    saved = SavedFile("hume", tuple(SavedPhoto(name, (face,)) for name in names), ("anger",))
    return compare(saved, [decode(PhotoResult, photo_json(0, name)) for name in names])


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class TestPage:
    def test_shows_what_strangers_wrote_as_text(self) -> None:
        page = Tags(comparison_page(found(EVIL), job=EVIL, file=EVIL))
        assert not {"script", "img", "link", "iframe", "a"} & page.tags
        assert not {"src", "href", "onload"} & page.attributes
        assert page.texts.count(EVIL) == 2  # the photo's name and their first answer

    def test_may_load_nothing(self) -> None:
        page = comparison_page(found("a.jpg"), job="job_1", file="p.json")
        assert "default-src 'none'" in page
        assert "url(" not in page
        assert "http" not in page.replace("http-equiv", "")

    def test_a_large_job_says_how_many_faces_are_not_listed(self) -> None:
        many = found(*(f"{number}.jpg" for number in range(MOST_ROWS + 3)))
        page = comparison_page(many, job="job_1", file="p.json")
        assert "3 more are in the CSV" in page
