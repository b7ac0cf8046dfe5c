import json

import httpx
import pytest

from hfer import (
    Client,
    ErasedPhotos,
    JobState,
    NotFoundError,
    PhotoResult,
    ResultFormat,
    WaitTimeoutError,
)
from hfer.errors import UnexpectedAnswerError
from tests.fixtures.fake_service import JOB, FakeService, face_json, job_json, photo_json, problem


def test_an_encoding_is_a_word_too(client: Client) -> None:
    job = client.jobs.attach(JOB)
    assert b"".join(job.results_bytes("csv")) == b"".join(job.results_bytes(ResultFormat.CSV))
    with pytest.raises(ValueError, match="xml"):
        list(job.results_bytes("xml"))


class TestHandle:
    def test_attach_asks_nothing(self, client: Client, service: FakeService) -> None:
        assert client.jobs.attach(JOB).id == JOB
        assert service.requests == []

    def test_get_wants_the_job_to_exist(self, client: Client) -> None:
        with pytest.raises(NotFoundError):
            client.jobs.get("job_0")

    def test_an_id_cannot_leave_its_place_in_the_path(
        self, client: Client, service: FakeService
    ) -> None:
        with pytest.raises(NotFoundError):
            client.jobs.get("../api-keys?x=")
        assert service.requests[0].url.raw_path == b"/v1/jobs/..%2Fapi-keys%3Fx%3D"

    def test_state_is_asked_for_once(self, client: Client, service: FakeService) -> None:
        job = client.jobs.attach(JOB)
        assert job.state is job.state
        assert len(service.requests) == 1

    def test_refresh_keeps_the_state_when_nothing_changed(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(httpx.Response(200, json=job_json(), headers={"ETag": '"1"'}))
        service.upsets.append(httpx.Response(304))
        job = client.jobs.get(JOB)
        before = job.state
        assert job.refresh() is before
        assert service.requests[1].headers["If-None-Match"] == '"1"'


class TestWait:
    def test_tells_every_state_and_returns_the_last(
        self, client: Client, service: FakeService
    ) -> None:
        service.polls = [
            job_json("queued", queued=2),
            job_json("running", running=1, succeeded=1),
            job_json("succeeded", succeeded=2),
        ]
        seen: list[JobState] = []
        final = client.jobs.attach(JOB).wait(on_progress=seen.append)
        assert [state.status for state in seen] == ["queued", "running", "succeeded"]
        assert final.counts.finished == 2
        assert final.labels == {"shoot": "7"}

    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "expired"])
    def test_ends_at_every_final_status(
        self, client: Client, service: FakeService, status: str
    ) -> None:
        service.polls = [job_json(status)]
        assert client.jobs.attach(JOB).wait().status == status
        assert service.pauses == []

    def test_a_status_of_tomorrow_is_waited_on(self, client: Client, service: FakeService) -> None:
        service.polls = [job_json("paused"), job_json("succeeded")]
        assert client.jobs.attach(JOB).wait().status == "succeeded"

    @pytest.mark.parametrize(
        ("hint", "pause"), [("3", 3.0), ("0", 0.2), ("900", 15.0), ("soon", 1.0)]
    )
    def test_polls_as_often_as_the_service_says_within_bounds(
        self, client: Client, service: FakeService, hint: str, pause: float
    ) -> None:
        service.upsets.append(
            httpx.Response(200, json=job_json("running"), headers={"Retry-After": hint})
        )
        service.polls = [job_json("succeeded")]
        client.jobs.attach(JOB).wait()
        assert service.pauses == [pause]

    def test_outlives_a_restart_of_the_service(self, client: Client, service: FakeService) -> None:
        service.upsets.extend([httpx.ConnectError("refused")] * 30)
        assert client.jobs.attach(JOB).wait().status == "succeeded"
        assert sum(service.pauses) > 100

    def test_stops_at_its_time_limit(self, client: Client, service: FakeService) -> None:
        service.polls = [job_json("running")]
        with pytest.raises(WaitTimeoutError, match="still running"):
            client.jobs.attach(JOB).wait(timeout_s=0)


class TestResults:
    def test_are_typed(self, client: Client, service: FakeService) -> None:
        service.results = [
            photo_json(0, "a.jpg", faces=[face_json(0), face_json(1, label="fear", p=0.4)]),
            photo_json(1, "b.jpg", status="failed"),
        ]
        first, second = client.jobs.attach(JOB).results()
        assert first.image is not None
        assert (first.image.width, first.image.exif_orientation) == (64, 6)
        assert first.faces[0].box.x == 1.5
        assert first.faces[0].landmarks["left_eye"].y == 4
        assert first.faces[0].expression.label == "happiness"
        assert first.faces[1].uncertain
        assert second.error is not None
        assert second.error.code == "truncated"

    def test_partial_results_are_asked_for_by_name(
        self, client: Client, service: FakeService
    ) -> None:
        list(client.jobs.attach(JOB).results(partial=True))
        assert service.requests[0].url.params["partial"] == "true"

    def test_a_broken_line_is_not_passed_over(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, text='{"item_id": "itm_0"}\n{"item'))
        with pytest.raises(UnexpectedAnswerError):
            list(client.jobs.attach(JOB).results())

    @pytest.mark.parametrize(
        ("encoding", "accept"),
        [
            (ResultFormat.JSON, "application/json"),
            (ResultFormat.JSONL, "application/x-ndjson"),
            (ResultFormat.CSV, "text/csv"),
        ],
    )
    def test_bytes_are_passed_on_as_they_are(
        self, client: Client, service: FakeService, encoding: ResultFormat, accept: str
    ) -> None:
        body = b"".join(client.jobs.attach(JOB).results_bytes(encoding))
        assert b"a.jpg" in body
        assert service.requests[0].headers["Accept"] == accept
        assert service.requests[0].url.params["format"] == encoding

    def test_annotated_gives_the_image(self, client: Client) -> None:
        assert client.jobs.attach(JOB).annotated("itm_0") == b"\xff\xd8itm_0"


class TestEnd:
    def test_cancel_gives_the_new_state(self, client: Client) -> None:
        job = client.jobs.attach(JOB)
        assert job.cancel().status == "cancelling"
        assert job.state.status == "cancelling"

    def test_delete_takes_an_empty_answer(self, client: Client, service: FakeService) -> None:
        client.jobs.attach(JOB).delete()
        assert len(service.sent("DELETE")) == 1

    def test_photos_are_erased_a_thousand_at_a_time(
        self, client: Client, service: FakeService
    ) -> None:
        answers = [
            httpx.Response(200, json={"erased": 1_000, "erased_before": 0, "erasure": "ers_1"}),
            httpx.Response(200, json={"erased": 0, "erased_before": 2, "erasure": None}),
        ]
        service.upsets.extend(answers)
        photos = [PhotoResult(item_id="itm_0"), "itm_1", *range(1_000)]
        erased = client.jobs.attach(JOB).erase_photos(photos, reason="as asked")
        assert erased == ErasedPhotos(1_000, 2, ("ers_1",))
        first, second = (json.loads(sent.content) for sent in service.sent("POST"))
        assert first["items"] == ["itm_0", "itm_1"]
        assert (first["index"], first["reason"]) == ([*range(998)], "as asked")
        assert second == {"items": [], "index": [998, 999], "reason": "as asked"}


class TestList:
    def test_walks_all_pages(self, client: Client, service: FakeService) -> None:
        assert len(list(client.jobs.list(status="queued"))) == 2
        assert service.requests[1].url.params["cursor"] == "next"
        assert all(request.url.params["status"] == "queued" for request in service.requests)

    def test_stops_asking_when_the_caller_stops(self, client: Client, service: FakeService) -> None:
        next(client.jobs.list())
        assert len(service.requests) == 1

    def test_refuses_a_list_of_unknown_shape(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, json=[]))
        with pytest.raises(UnexpectedAnswerError):
            list(client.jobs.list())

    def test_passes_a_refusal_on(self, client: Client, service: FakeService) -> None:
        service.upsets.append(problem(404, "not-found"))
        with pytest.raises(NotFoundError):
            list(client.jobs.list())
