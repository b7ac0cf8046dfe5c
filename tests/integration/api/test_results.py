"""Items and results: pages, formats, partial reading."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from services.api.downloads import StreamCutError
from services.api.jobs.results.formats import read_batches
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.domain.photo_filters import PhotoFilter
from services.common.jobs.lifecycle import erase
from services.common.jobs.views import JobView, view_job
from tests.fixtures.jobs import MODEL_VERSION, SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.serving import assert_problem, pointers

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
READY, RUNNING, CANCELLED = ItemStatus.QUEUED, ItemStatus.RUNNING, ItemStatus.CANCELLED


def seed(sessions: SessionFactory, *statuses: ItemStatus, **columns: Any) -> SeededJob:
    with unit_of_work(sessions) as session:
        return seed_job(session, statuses, **columns)


def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


def viewed(sessions: SessionFactory, seeded: SeededJob) -> JobView:
    with unit_of_work(sessions) as session:
        return view_job(session, "default", seeded.job.public_id)


class TestItems:
    def test_pages_hold_every_photo_once_in_order(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, *[DONE, FAILED, READY] * 4)
        url: str | None = f"{path(seeded)}/items?limit=5"
        pages: list[list[dict[str, Any]]] = []
        while url is not None:
            response = client.get(url)
            pages.append(response.json()["data"])
            url = response.links["next"]["url"] if "next" in response.links else None
        assert [len(page) for page in pages] == [5, 5, 2]
        assert [item["index"] for page in pages for item in page] == list(range(12))

    @pytest.mark.parametrize("status", list(ItemStatus))
    def test_filter_by_status(
        self, client: httpx.Client, sessions: SessionFactory, status: ItemStatus
    ) -> None:
        order = [DONE, NO_FACE, FAILED, READY, RUNNING, CANCELLED]
        seeded = seed(sessions, *order, *order)
        response = client.get(f"{path(seeded)}/items?status={status}&limit=1")
        first = response.json()["data"]
        rest = client.get(response.links["next"]["url"]).json()
        shown = [(item["index"], item["status"]) for item in first + rest["data"]]
        assert shown == [(order.index(status), status), (order.index(status) + 6, status)]
        assert rest["next_cursor"] is None

    def test_bad_parameters_are_pointed_at(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        for query, pointer in (("status=lost", "status"), ("cursor=x", "cursor")):
            response = client.get(f"{path(seeded)}/items?{query}")
            assert pointers(assert_problem(response, 422, "validation")) == [f"#/query/{pointer}"]

    def test_one_photo(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded, other = seed(sessions, DONE, FAILED), seed(sessions, DONE)
        item_id = format_id(IdKind.ITEM, seeded.items[0].public_id)
        item = client.get(f"{path(seeded)}/items/{item_id}").json()
        assert (item["item_id"], item["model_version"]) == (item_id, MODEL_VERSION)
        assert item["image"] == {
            "width": 64,
            "height": 40,
            "exif_orientation": 1,
            "scale": 1.0,
        }
        assert len(item["faces"][0]["landmarks"]) == 5
        assert_problem(client.get(f"{path(other)}/items/{item_id}"), 404, "not-found")
        assert_problem(client.get(f"{path(other)}/items/itm_x"), 404, "not-found")


class TestResults:
    def test_formats_agree_over_many_batches(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        faces = [face_payload(0), face_payload(1)]
        seeded = seed(sessions, *[DONE, NO_FACE, FAILED] * 150, faces=faces)
        url = f"{path(seeded)}/results"
        document = client.get(url).json()
        lines = [json.loads(line) for line in client.get(f"{url}?format=jsonl").text.splitlines()]
        table = list(csv.DictReader(io.StringIO(client.get(f"{url}?format=csv").text, newline="")))
        assert document["data"] == lines
        assert [line["index"] for line in lines] == list(range(450))
        assert document["job"]["counts"]["total"] == 450
        assert len(table) == 150 * 2 + 300
        assert [row["item_id"] for row in table if row["face_index"] in {"", "0"}] == [
            line["item_id"] for line in lines
        ]

    def test_of_many_photos_are_packed_for_those_who_take_it(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        large, small = seed(sessions, *[DONE] * 60), seed(sessions, DONE)
        url = f"{path(large)}/results?format=csv"
        packed = client.get(url, headers={"Accept-Encoding": "gzip"})
        plain = client.get(url, headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept, Accept-Encoding"
        assert packed.text == plain.text
        assert packed.num_bytes_downloaded < plain.num_bytes_downloaded / 3
        of_one = client.get(f"{path(small)}/results", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in of_one.headers

    def test_top_n_is_the_jobs(self, client: httpx.Client, sessions: SessionFactory) -> None:
        options = {
            "top_n": 1, "min_face_px": 20, "detection_threshold": 0.9, "annotated": False,
        }  # fmt: skip
        seeded = seed(sessions, DONE, options=options)
        [photo] = client.get(f"{path(seeded)}/results").json()["data"]
        assert photo["faces"][0]["top"] == [{"label": "happiness", "p": 0.7}]

    @pytest.mark.parametrize(
        ("accept", "query", "media_type"),
        [
            ("application/json", "", "application/json"),
            ("*/*", "", "application/json"),
            ("application/x-ndjson", "", "application/x-ndjson"),
            ("text/csv", "", "text/csv; charset=utf-8"),
            ("application/json", "?format=csv", "text/csv; charset=utf-8"),
            ("text/html", "?format=json", "application/json"),
        ],
    )
    def test_negotiates(
        self,
        client: httpx.Client,
        sessions: SessionFactory,
        accept: str,
        query: str,
        media_type: str,
    ) -> None:
        url = f"{path(seed(sessions, DONE))}/results{query}"
        response = client.get(url, headers={"Accept": accept})
        assert response.headers["content-type"] == media_type
        assert response.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("query", ["bom=true", "dialect=excel"])
    def test_marks_csv_for_excel_where_asked(
        self, client: httpx.Client, sessions: SessionFactory, query: str
    ) -> None:
        url = f"{path(seed(sessions, DONE))}/results"
        plain = client.get(f"{url}?format=csv").content
        assert client.get(f"{url}?format=csv&{query}").content == b"\xef\xbb\xbf" + plain
        assert client.get(f"{url}?format=jsonl&{query}").content.startswith(b"{")

    def test_offers_nothing_else(self, client: httpx.Client, sessions: SessionFactory) -> None:
        url = f"{path(seed(sessions, DONE))}/results"
        response = client.get(url, headers={"Accept": "text/html"})
        assert_problem(response, 406, "not-acceptable")
        response = client.get(f"{url}?format=xml")
        assert pointers(assert_problem(response, 422, "validation")) == ["#/query/format"]

    def test_waits_for_the_end_unless_told_otherwise(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY, DONE, RUNNING, FAILED, CANCELLED)
        url = f"{path(seeded)}/results"
        assert assert_problem(client.get(url), 409, "job-not-finished")["retryable"]
        assert_problem(client.get(f"{url}?partial=false"), 409, "job-not-finished")
        part = client.get(f"{url}?partial=true").json()
        assert [photo["index"] for photo in part["data"]] == [1, 3, 4]
        response = client.get(f"{url}?partial=perhaps")
        assert pointers(assert_problem(response, 422, "validation")) == ["#/query/partial"]


class TestNarrowed:
    """What narrows the listing narrows a download alike."""

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("status=failed", [2, 6]),
            ("expression=happiness", [0, 4]),
            ("expression=anger", []),
            ("min_p=0.6&uncertain=false", [0, 4]),
            ("status=no_face&min_p=0.1", []),
            ("only=0,5-2,99", [0, 2, 3, 4, 5]),
            ("only=2-6&status=failed", [2, 6]),
        ],
    )
    def test_every_format_holds_what_the_listing_holds(
        self, client: httpx.Client, sessions: SessionFactory, query: str, found: list[int]
    ) -> None:
        seeded = seed(sessions, *[DONE, NO_FACE, FAILED, CANCELLED] * 2)
        listed = client.get(f"{path(seeded)}/items?{query}").json()["data"]
        assert [photo["index"] for photo in listed] == found
        url = f"{path(seeded)}/results?{query}"
        assert client.get(url).json()["data"] == listed
        lines = client.get(f"{url}&format=jsonl").text.splitlines()
        assert [json.loads(line) for line in lines] == listed
        rows = csv.DictReader(io.StringIO(client.get(f"{url}&format=csv").text, newline=""))
        assert [int(row["index"]) for row in rows] == found

    def test_of_chosen_faces_the_others_are_left_out(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE, DONE)
        with unit_of_work(sessions) as session:
            two = photo_payload(face_payload(), face_payload(1))
            of_second = Outcome.item_id == seeded.items[1].id
            session.execute(update(Outcome).where(of_second).values(payload=two))
        found = client.get(f"{path(seeded)}/results?only=1.1,2").json()["data"]
        faces = [(p["index"], f["face_index"]) for p in found for f in p["faces"]]
        assert faces == [(1, 1), (2, 0)]
        for only in ("1,", "a", "1.2.3", "1-2-3", ""):
            answer = client.get(f"{path(seeded)}/results", params={"only": only})
            assert pointers(assert_problem(answer, 422, "validation")) == ["#/query/only"]

    def test_a_misspelt_filter_is_no_download_of_everything(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        url = f"{path(seed(sessions, DONE))}/results"
        problem = assert_problem(client.get(f"{url}?expressions=fear"), 422, "validation")
        assert "did you mean 'expression'?" in problem["detail"]
        other = client.get(f"{url}?utm_source=mail")
        assert (other.status_code, other.headers["ignored-parameters"]) == (200, "utm_source")
        strict = client.get(f"{url}?utm_source=mail", headers={"Prefer": "handling=strict"})
        assert pointers(assert_problem(strict, 422, "validation")) == ["#/query/utm_source"]

    def test_jobs_by_label_without_its_name_are_not_all_jobs(self, client: httpx.Client) -> None:
        problem = assert_problem(client.get("/v1/jobs?label=album"), 422, "validation")
        assert "'label.<name>'" in problem["detail"]
        assert client.get("/v1/jobs?label.album=x").status_code == 200


class TestReadBatches:
    def test_breaks_off_too_where_only_some_photos_are_wanted(
        self, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, FAILED, DONE)
        some = PhotoFilter(status=DONE)
        view = viewed(sessions, seeded)
        assert len(list(read_batches(sessions, view, faces=1, page=2, narrow=some))) == 2
        pages = read_batches(sessions, view, faces=1, page=2, narrow=some)
        next(pages)
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=timedelta(0))
        with pytest.raises(StreamCutError):
            next(pages)

    def test_reads_page_by_page(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, *[DONE, FAILED, NO_FACE] * 2)
        pages = list(read_batches(sessions, viewed(sessions, seeded), faces=1, page=4))
        assert [[photo.index for photo in page] for page in pages] == [[0, 1, 2, 3], [4, 5]]

    def test_breaks_off_when_the_job_is_erased_meanwhile(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE, DONE, DONE)
        pages = read_batches(sessions, viewed(sessions, seeded), faces=1, page=2)
        next(pages)
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=timedelta(0))
        with pytest.raises(StreamCutError, match="2 of 3"):
            next(pages)

    def test_ends_quietly_while_the_job_runs(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE, RUNNING)
        [page] = read_batches(sessions, viewed(sessions, seeded), faces=1)
        assert len(page) == 1
