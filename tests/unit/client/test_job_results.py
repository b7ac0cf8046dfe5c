"""What else is asked of a job: its faces added up, photos that fit, a zip, failed photos again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hfer import BrokenOffError, Client, ConflictError, FolderCount, GroupCount
from tests.fixtures.fake_service import JOB, FakeService, job_json, photo_json, problem

PATH = f"/v1/jobs/{JOB}"


def listing(*entries: object) -> httpx.Response:
    return httpx.Response(200, json={"data": entries, "has_more": False, "next_cursor": None})


def test_items_that_fit(client: Client, service: FakeService) -> None:
    service.answers["GET", f"{PATH}/items"] = listing(photo_json(3, "c.jpg"))
    job = client.jobs.attach(JOB)
    found = list(job.items(status="succeeded", expression="fear", min_p=0.5, uncertain=False))
    assert [photo.filename for photo in found] == ["c.jpg"]
    assert dict(service.requests[0].url.params) == {
        "status": "succeeded",
        "expression": "fear",
        "min_p": "0.5",
        "uncertain": "false",
    }


def test_items_by_their_numbers_come_in_requests_of_200(
    client: Client, service: FakeService
) -> None:
    service.answers["GET", f"{PATH}/items"] = listing(photo_json(3, "c.jpg"))
    found = list(client.jobs.attach(JOB).items(index=range(250), folder="may"))
    assert len(found) == 2
    asked = [request.url.params for request in service.requests]
    assert [len(params.get_list("index")) for params in asked] == [200, 50]
    assert (asked[1].get_list("index")[0], asked[1]["folder"]) == ("200", "may")


def test_items_of_no_numbers_ask_nothing(client: Client, service: FakeService) -> None:
    assert list(client.jobs.attach(JOB).items(index=[])) == []
    assert not service.requests


def test_order_of_faces(client: Client, service: FakeService) -> None:
    body = {"total": 2, "index": [7, 0], "face_index": [1, 0], "reviewed": [0, 1]}
    service.answers["GET", f"{PATH}/order"] = httpx.Response(200, json=body)
    order = client.jobs.attach(JOB).order(of="faces", sort="rare", reviewed=False, q="may")
    assert (order.total, order.index, order.face_index, order.ratio) == (2, (7, 0), (1, 0), ())
    assert dict(service.requests[0].url.params) == {
        "of": "faces",
        "sort": "rare",
        "reviewed": "false",
        "q": "may",
    }


def test_facets(client: Client, service: FakeService) -> None:
    body = {"photos": 2, "confidence": [0] * 19 + [3], "folders": [{"name": "may", "photos": 2}]}
    service.answers["GET", f"{PATH}/facets"] = httpx.Response(200, json=body)
    facets = client.jobs.attach(JOB).facets(min_side=48)
    assert (facets.photos, facets.confidence[-1]) == (2, 3)
    assert facets.folders == (FolderCount("may", 2),)
    assert dict(service.requests[0].url.params) == {"min_side": "48"}


def test_one_item(client: Client, service: FakeService) -> None:
    service.answers["GET", f"{PATH}/items/itm_3"] = httpx.Response(200, json=photo_json(3, "c.jpg"))
    assert client.jobs.attach(JOB).item("itm_3").index == 3


def test_summary_and_counts(client: Client, service: FakeService) -> None:
    body = {"faces": 3, "uncertain": 1, "expressions": {"fear": {"faces": 3, "mean_p": None}}}
    service.answers["GET", f"{PATH}/summary"] = httpx.Response(200, json=body)
    counts = {"faces": None, "groups": [{"expressions": ["fear"], "faces": 5}]}
    service.answers["GET", f"{PATH}/counts"] = httpx.Response(200, json=counts)
    job = client.jobs.attach(JOB)
    assert (job.summary().faces, job.summary().expressions["fear"].faces) == (3, 3)
    assert job.expression_counts().groups == (GroupCount(("fear",), 5),)


def test_a_retry_is_a_job_of_its_own_under_a_key(client: Client, service: FakeService) -> None:
    again = job_json("queued", queued=1) | {"id": "job_again", "parent_job_id": JOB}
    service.answers["POST", f"{PATH}/retry"] = httpx.Response(202, json=again)
    job = client.jobs.attach(JOB).retry()
    assert (job.id, job.state.parent_job_id) == ("job_again", JOB)
    assert service.sent("POST")[0].headers["Idempotency-Key"]


def test_nothing_to_retry_is_told(client: Client, service: FakeService) -> None:
    service.answers["POST", f"{PATH}/retry"] = problem(409, "nothing-to-retry")
    with pytest.raises(ConflictError, match="nothing-to-retry"):
        client.jobs.attach(JOB).retry()


class TestZip:
    def test_is_written_whole(self, client: Client, service: FakeService, tmp_path: Path) -> None:
        service.answers["GET", f"{PATH}/artifacts"] = httpx.Response(200, content=b"PK zip")
        client.jobs.attach(JOB).save_zip(tmp_path / "job.zip")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
            "job.zip": b"PK zip"
        }

    def test_one_that_broke_off_leaves_nothing(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        def cut() -> Iterator[bytes]:
            yield b"PK"
            raise httpx.ReadError("cut")

        service.answers["GET", f"{PATH}/artifacts"] = httpx.Response(200, content=cut())
        with pytest.raises(BrokenOffError):
            client.jobs.attach(JOB).save_zip(tmp_path / "job.zip")
        assert list(tmp_path.iterdir()) == []


def test_jobs_are_narrowed_by_labels_reference_and_time(
    client: Client, service: FakeService
) -> None:
    next(
        client.jobs.list(
            labels={"shoot": "7", "a b": "c=d"},
            client_ref="mine",
            created_after=datetime(2026, 11, 1, tzinfo=UTC),
        )
    )
    assert dict(service.requests[0].url.params) == {
        "label.shoot": "7",
        "label.a b": "c=d",
        "client_ref": "mine",
        "created_after": "2026-11-01T00:00:00+00:00",
    }


def test_the_current_key_shows_itself(client: Client) -> None:
    assert client.api_keys.current().tenant == "acme"


def test_a_diff_reads_all_pages_and_the_sums_of_the_first(
    client: Client, service: FakeService
) -> None:
    first = {"data": [{"index": 0}], "next_cursor": "c", "totals": {"faces": 3}, "job_id": JOB}
    second = {"data": [{"index": 7, "this": None}], "next_cursor": None, "totals": None}
    service.upsets.extend(httpx.Response(200, json=page) for page in (first, second))
    found = client.jobs.attach(JOB).diff(client.jobs.attach("job_old"))
    assert [face.index for face in found.changed] == [0, 7]
    assert (found.totals.faces, found.job_id) == (3, JOB)
    assert [dict(request.url.params) for request in service.requests] == [
        {"limit": "200", "with": "job_old"},
        {"limit": "200", "with": "job_old", "cursor": "c"},
    ]
