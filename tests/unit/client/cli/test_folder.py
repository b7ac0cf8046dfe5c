import csv
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfer import Client, ServiceUnreachableError
from hfer._codec import decode
from hfer.cli import folder
from hfer.cli.folder import plan_annotated, unique_names, write_annotated, write_results
from hfer.models import PhotoResult
from tests.fixtures.fake_service import JOB, FakeService, photo_json
from tests.fixtures.properties import PATIENT


@pytest.fixture
def advance() -> Callable[[], None]:
    return lambda: None


class TestUniqueNames:
    @pytest.mark.parametrize(
        ("filenames", "names"),
        [
            (["a.jpg", "b.tar.png"], ["a", "b.tar"]),
            (["a.jpg", "a.png", "A.JPG"], ["a", "a-2", "A-3"]),
            (["a-2.jpg", "a.jpg", "a.png"], ["a-2", "a", "a-3"]),
            (["é.jpg", "e\u0301.jpg"], ["é", "e\u0301-2"]),
            (["../../etc/passwd", "..\\..\\boot.ini"], ["passwd", "boot"]),
            ([".hidden.jpg", "..", "", "/"], ["hidden", "photo", "photo-2", "photo-3"]),
            (["a\x1b[2J\n.jpg", "c:?.jpg"], ["a_[2J_", "c__"]),
            (["cam1/IMG_1.jpg", "cam2/IMG_1.jpg"], ["IMG_1", "IMG_1-2"]),
            (["nul.jpg", "Com1.tar.png", "console.jpg"], ["_nul", "_Com1.tar", "console"]),
            (["\U0001f468\u200d\U0001f469.jpg"], ["\U0001f468\u200d\U0001f469"]),
        ],
    )
    def test_are_harmless_and_apart(self, filenames: list[str], names: list[str]) -> None:
        assert list(unique_names(filenames)) == [f"{name}.annotated.jpg" for name in names]

    def test_of_many_photos_of_one_name_take_no_longer_each(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_up: list[str] = []

        def noting(name: str) -> str:
            looked_up.append(name)
            return name.casefold()

        monkeypatch.setattr(folder, "_folded", noting)
        names = list(unique_names(f"cam{number}/IMG_1.jpg" for number in range(500)))
        assert names[-1] == "IMG_1-500.annotated.jpg"
        assert len(looked_up) < 10 * 500

    @PATIENT
    @given(st.lists(st.text(max_size=300), max_size=8))
    def test_never_leave_the_folder_whatever_the_service_says(self, filenames: list[str]) -> None:
        names = list(unique_names(filenames))
        assert len({name.casefold() for name in names}) == len(filenames)
        for name in names:
            assert Path(name).name == name
            assert not name.startswith(".")
            assert len(name.encode()) <= 255


class TestWriteResults:
    def test_writes_both_encodings(self, client: Client, tmp_path: Path) -> None:
        write_results(client.jobs.attach(JOB), tmp_path, [], partial=False)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["results.csv", "results.json"]
        assert "a.jpg" in (tmp_path / "results.csv").read_text()

    def test_keeps_the_old_file_when_the_service_breaks_off(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        (tmp_path / "results.json").write_text("old")
        service.upsets.extend([httpx.ReadError("cut")] * 9)
        with pytest.raises(ServiceUnreachableError):
            write_results(client.jobs.attach(JOB), tmp_path, [], partial=False)
        assert (tmp_path / "results.json").read_text() == "old"

    def test_the_table_says_which_picture_is_whose(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.results = [
            photo_json(0, "cam1/a.jpg"),
            photo_json(1, "cam2/a.jpg"),
            photo_json(2, '"b", c.jpg', status="failed"),
            photo_json(3, "a/=1+1.jpg"),
        ]
        job = client.jobs.attach(JOB)
        write_results(job, tmp_path, plan_annotated(job.results()), partial=False)
        with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["filename"], row["annotated_file"]) for row in rows] == [
            ("cam1/a.jpg", "a.annotated.jpg"),
            ("cam2/a.jpg", "a-2.annotated.jpg"),
            ('"b", c.jpg', ""),
            ("a/=1+1.jpg", "'=1+1.annotated.jpg"),  # no formula
        ]


class TestWriteAnnotated:
    def plan(self, *results: dict[str, object]) -> list[tuple[PhotoResult, str]]:
        return plan_annotated(decode(PhotoResult, result) for result in results)

    def test_writes_each_photo_under_its_own_name(
        self, client: Client, tmp_path: Path, advance: Callable[[], None]
    ) -> None:
        plan = self.plan(photo_json(0, "a.jpg"), photo_json(1, "a.jpg", status="no_face"))
        assert write_annotated(client.jobs.attach(JOB), plan, tmp_path, on_done=advance) == plan
        assert (tmp_path / "a.annotated.jpg").read_bytes().endswith(b"itm_0")
        assert (tmp_path / "a-2.annotated.jpg").read_bytes().endswith(b"itm_1")

    def test_asks_for_no_photo_that_failed(self) -> None:
        assert self.plan(photo_json(0, "a.jpg", status="failed")) == []

    def test_tells_which_are_not_erased(
        self, client: Client, service: FakeService, tmp_path: Path, advance: Callable[[], None]
    ) -> None:
        service.erased = frozenset({"itm_1"})
        plan = self.plan(photo_json(0, "a.jpg"), photo_json(1, "b.jpg"))
        job = client.jobs.attach(JOB)
        assert write_annotated(job, plan, tmp_path, on_done=advance) == plan[:1]
        assert [path.name for path in tmp_path.iterdir()] == ["a.annotated.jpg"]

    def test_a_link_in_the_folder_leads_no_byte_out_of_it(
        self, client: Client, tmp_path: Path, advance: Callable[[], None]
    ) -> None:
        outside, folder = tmp_path / "outside.jpg", tmp_path / "out"
        outside.write_bytes(b"mine")
        folder.mkdir()
        for ending in ("", ".part"):
            (folder / f"a.annotated.jpg{ending}").symlink_to(outside)
        plan = self.plan(photo_json(0, "../a.jpg"))
        write_annotated(client.jobs.attach(JOB), plan, folder, on_done=advance)
        assert outside.read_bytes() == b"mine"
        assert (folder / "a.annotated.jpg").read_bytes().endswith(b"itm_0")
