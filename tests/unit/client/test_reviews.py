"""Reviews through the package: votes, steps back, draws and what they add up to."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hfer import Client, ConflictError, ServiceUnreachableError
from hfer.errors import UnexpectedAnswerError
from tests.fixtures.fake_service import JOB, FakeService, problem
from tests.fixtures.webhook_answers import ok, page

FACE = f"/v1/jobs/{JOB}/items/itm_0/faces/3/review"
FIGURE = {"value": 0.79, "low": 0.73, "high": 0.84, "n": 240}
DRAW = {
    "draw_id": "drw_1",
    "seed": 7,
    "by_expression": False,
    "faces": 2,
    "reviewed": 1,
    "population": 40,
    "drawn_at": "2026-12-01T07:00:00Z",
    "brand_new": 1,
}


def review_json(**more: Any) -> dict[str, Any]:
    return {
        "item_id": "itm_0",
        "face_index": 3,
        "reviewer": "ada",
        "answer": "fear",
        "blind": True,
        "version": 2,
        "reviewed_at": "2026-12-01T07:00:00Z",
        "note": None,
        "change_id": "chg_1",
    } | more


def sent(service: FakeService) -> Any:
    return json.loads(service.requests[-1].content)


class TestVotes:
    def test_lists_across_jobs_what_fits(self, client: Client, service: FakeService) -> None:
        vote = review_json(job_id=JOB, model_answer="neutral", filename="cam1/a.jpg")
        service.upsets.append(page(vote))
        since = datetime(2026, 12, 1, tzinfo=UTC)
        (found,) = client.reviews.list(job_id=JOB, blind=True, differs=False, since=since)
        assert (found.filename, found.job_id, found.model_answer) == ("cam1/a.jpg", JOB, "neutral")
        query = dict(service.requests[-1].url.params)
        assert datetime.fromisoformat(query.pop("since")) == since
        assert query == {"job_id": JOB, "blind": "true", "differs": "false"}

    def test_streams_the_table_of_votes(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, content=b"file,fear\r\n"))
        assert b"".join(client.reviews.votes(answer="fear")) == b"file,fear\r\n"
        assert service.requests[-1].url.path == "/v1/reviews/votes"
        assert dict(service.requests[-1].url.params) == {"answer": "fear"}

    def test_of_a_service_that_names_no_photo_has_an_empty_name(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(page(review_json()))
        (found,) = client.reviews.list()
        assert found.filename == ""


class TestOneFace:
    def test_sets_what_was_named_and_nothing_else(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets += [ok(review_json()), ok(review_json())]
        told = client.reviews.set(JOB, "itm_0", 3, "fear", reviewer="ada", version=0)
        assert (told.version, told.change_id) == (2, "chg_1")
        request = service.requests[-1]
        assert (request.method, request.url.path) == ("PUT", FACE)
        plain = {"reviewer": "ada", "answer": "fear", "blind": False}
        assert sent(service) == plain | {"version": 0}
        client.reviews.set(JOB, "itm_0", 3, "fear", reviewer="ada", note="sure?", blind=True)
        assert sent(service) == plain | {"blind": True, "note": "sure?"}

    def test_a_vote_given_meanwhile_is_a_conflict(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(problem(409, "review-conflict"))
        with pytest.raises(ConflictError):
            client.reviews.set(JOB, "itm_0", 3, "fear", reviewer="ada", version=1)

    def test_takes_a_vote_back(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(204))
        client.reviews.withdraw(JOB, "itm_0", 3, reviewer="ada", version=2)
        request = service.requests[-1]
        assert (request.method, request.url.path) == ("DELETE", FACE)
        assert dict(request.url.params) == {"reviewer": "ada", "version": "2"}


class TestUndo:
    def test_tells_what_was_taken_back(self, client: Client, service: FakeService) -> None:
        gone = review_json(answer="withdrawn")
        service.upsets.append(ok({"change_id": "chg_1", "undone": 1, "reviews": [gone]}))
        told = client.reviews.undo(JOB, reviewer="ada", change_id="chg_1")
        assert (told.undone, told.reviews[0].answer) == (1, "withdrawn")
        assert sent(service) == {"reviewer": "ada", "change_id": "chg_1"}

    def test_of_the_last_change_is_tried_once_as_each_goes_further_back(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(httpx.ReadTimeout("slow"))
        with pytest.raises(ServiceUnreachableError):
            client.reviews.undo(JOB, reviewer="ada")
        assert len(service.requests) == 1

    def test_lists_changes(self, client: Client, service: FakeService) -> None:
        made = {"change_id": "chg_1", "reviewer": "ada", "answers": {"fear": 30}, "undone": False}
        service.upsets.append(ok({"data": [made]}))
        (found,) = client.reviews.changes(JOB, reviewer="ada", limit=3)
        assert found.answers == {"fear": 30}
        assert dict(service.requests[-1].url.params) == {"limit": "3", "reviewer": "ada"}


class TestDraws:
    def test_draws_once_and_reads_the_faces(self, client: Client, service: FakeService) -> None:
        faces = {"item_id": ["itm_0", "itm_1"], "index": [0, 1], "face_index": [0, 3]}
        faces |= {"probability": [0.05, 0.05], "votes": [1, 0]}
        service.upsets += [ok(DRAW | faces, 201), ok(DRAW | faces), ok({"data": [DRAW]})]
        made = client.reviews.draw(JOB, 2, by_expression=True)
        assert (made.item_id, made.votes) == (("itm_0", "itm_1"), (1, 0))
        assert sent(service) == {"count": 2, "by_expression": True}
        assert client.reviews.get_draw(JOB, "drw_1") == made
        [draw] = client.reviews.draws(JOB)
        assert (draw.item_id, draw.reviewed) == ((), 1)
        service.upsets.append(httpx.ReadTimeout("slow"))
        with pytest.raises(ServiceUnreachableError):
            client.reviews.draw(JOB, 2, seed=7)
        assert sent(service)["seed"] == 7
        assert len(service.sent("POST")) == 2

    def test_of_a_service_that_knows_none_says_so(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(ok({}))
        with pytest.raises(UnexpectedAnswerError, match="know draws"):
            client.reviews.get_draw(JOB, "drw_1")


def test_the_summary_has_figures_with_intervals(client: Client, service: FakeService) -> None:
    summary = {
        "faces": 40,
        "reviewed": 12,
        "reviewers": [{"reviewer": "ada", "votes": 12, "blind": 9}],
        "agreement": {"raw": FIGURE, "per_class": {"fear": FIGURE}, "kappa": None, "alpha": FIGURE},
        "model": {"accuracy": FIGURE, "drawn": 30, "answered": 9, "more": 17, "enough": "17 more."},
    }
    service.upsets.append(ok(summary))
    told = client.reviews.summary(JOB)
    assert (told.reviewers[0].blind, told.agreement.per_class["fear"].n) == (9, 240)
    assert told.agreement.kappa is None
    assert (told.model.accuracy.low, told.model.more) == (0.73, 17)
