"""The rooms of ``services``: no circle of imports, no file too long to be read in one go."""

from pathlib import Path

from scripts.rooms import circles, imports_of, long_files, rooms

ROOT = Path(__file__).parents[2]


def test_no_circle_of_imports() -> None:
    assert circles(imports_of(ROOT)) == []


def test_no_file_is_over_300_lines() -> None:
    assert long_files(ROOT, "services", "client/src", "infra", "scripts", "benchmarks") == {}


IMPORTS: dict[str, set[str]] = {
    "services": set(),
    "services.a": set(),
    "services.a.one": {"services.a.two", "services.b.one"},
    "services.a.two": {"services.a.three"},
    "services.a.three": {"services.a.one"},
    "services.b": set(),
    "services.b.one": {"services.b", "services.b.deep.one"},
    "services.b.deep": set(),
    "services.b.deep.one": {"services.a.one"},
}


class TestFigures:
    def test_a_circle_is_all_that_import_each_other(self) -> None:
        # Three of a folder, and both folders.
        assert circles(IMPORTS) == [
            [
                "services.a.one",
                "services.a.three",
                "services.a.two",
                "services.b.deep.one",
                "services.b.one",
            ]
        ]

    def test_an_arrow_joins_two_things_of_one_folder(self) -> None:
        found = {room.name: room for room in rooms(IMPORTS)}
        assert (found["services"].arrows, found["services"].both_ways) == (2, ["a b"])
        assert (found["services.a"].entries, found["services.a"].arrows) == (3, 3)
        assert (found["services.b"].entries, found["services.b"].arrows) == (2, 1)

    def test_long_files_are_listed_with_their_lines(self, tmp_path: Path) -> None:
        (tmp_path / "services").mkdir()
        (tmp_path / "services/long.py").write_text("\n" * 301)
        (tmp_path / "services/short.py").write_text("\n" * 300)
        assert long_files(tmp_path, "services") == {"services/long.py": 301}
