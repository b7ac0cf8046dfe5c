"""Two jobs over the same photos, face by face."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.serving import Api, assert_problem, pointers

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
READY = ItemStatus.QUEUED
NEUTRAL = [0.1, 0.05, 0.05, 0.2, 0.05, 0.05, 0.5]


def seed(sessions: SessionFactory, *statuses: ItemStatus, **columns: Any) -> SeededJob:
    with unit_of_work(sessions) as session:
        return seed_job(session, statuses, **columns)


def answer(sessions: SessionFactory, seeded: SeededJob, seq: int, *faces: dict[str, Any]) -> None:
    with unit_of_work(sessions) as session:
        session.execute(
            update(Outcome)
            .where(Outcome.item_id == seeded.items[seq].id)
            .values(payload=photo_payload(*faces))
        )


def id_of(seeded: SeededJob) -> str:
    return format_id(IdKind.JOB, seeded.job.public_id)


def diff(client: httpx.Client, one: SeededJob, **query: Any) -> httpx.Response:
    return client.get(f"/v1/jobs/{id_of(one)}/diff", params=query)


@pytest.fixture
def pair(sessions: SessionFactory) -> tuple[SeededJob, SeededJob]:
    """A job and its rerun, of which photos 0 and 2 are answered differently, and 3 failed."""
    old = seed(sessions, DONE, DONE, DONE, DONE)
    new = seed(sessions, DONE, DONE, DONE, FAILED, parent_id=old.job.id)
    with unit_of_work(sessions) as session:
        for one, other in zip(old.items, new.items, strict=True):
            session.execute(update(Item).where(Item.id == other.id).values(sha256=one.sha256))
    answer(sessions, new, 0, face_payload(probabilities=NEUTRAL))
    answer(sessions, new, 2, face_payload(), face_payload(1, box=(40.0, 4.0, 20.0, 20.0)))
    return old, new


class TestDiff:
    def test_tells_what_the_rerun_answers_otherwise(
        self, client: httpx.Client, pair: tuple[SeededJob, SeededJob]
    ) -> None:
        old, new = pair
        body = diff(client, new).json()
        assert (body["job_id"], body["with_job_id"]) == (id_of(new), id_of(old))
        totals = body["totals"]
        assert (totals["photos"], totals["unanswered"], totals["faces"]) == (4, 1, 3)
        assert (totals["changed"], totals["lost"], totals["gained"]) == (1, 1, 0)
        assert totals["confusion"][6][3] == 1
        assert totals["confusion"][3][3] == 2
        assert totals["mean_shift"] == pytest.approx(0.5 / 3, abs=1e-4)
        first, second = body["data"]
        assert (first["index"], first["iou"]) == (0, 1.0)
        assert first["this"] == {"face_index": 0, "expression": "neutral", "p": 0.5}
        assert first["other"] == {"face_index": 0, "expression": "happiness", "p": 0.7}
        assert (second["index"], second["this"]["face_index"], second["other"]) == (2, 1, None)
        assert second["with_item_id"] == format_id(IdKind.ITEM, old.items[2].public_id)

    def test_pages_by_photos_and_adds_up_once(
        self, client: httpx.Client, pair: tuple[SeededJob, SeededJob]
    ) -> None:
        old, new = pair
        first = diff(client, old, **{"with": id_of(new)}, limit=1).json()
        assert [face["index"] for face in first["data"]] == [0]
        assert first["has_more"]
        query = {"with": id_of(new), "cursor": first["next_cursor"], "limit": 1}
        second = diff(client, old, **query).json()
        assert [face["index"] for face in second["data"]] == [2]
        assert (second["has_more"], second["next_cursor"], second["totals"]) == (False, None, None)
        assert first["totals"]["gained"] == 1

    def test_filters_narrow_the_list_and_not_the_sums(
        self, client: httpx.Client, pair: tuple[SeededJob, SeededJob]
    ) -> None:
        def listed(**query: str) -> list[int]:
            body = diff(client, pair[1], **query).json()
            assert (body["totals"]["changed"], body["totals"]["lost"]) == (1, 1)
            return [face["index"] for face in body["data"]]

        assert listed(found="both") == [0]
        assert listed(found="this") == [2]
        assert listed(found="other") == []
        assert listed(expression="neutral", other_expression="happiness") == [0]
        assert listed(expression="happiness", other_expression="neutral") == []
        assert listed(expression="happiness") == [2]

    def test_photos_of_equal_bytes_are_matched_in_their_order(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        one, other = seed(sessions, DONE, DONE, photo=b"x"), seed(sessions, DONE, photo=b"x")
        assert diff(client, one, **{"with": id_of(other)}).json()["totals"]["photos"] == 1
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.job_id == other.job.id).values(sha256=None))
        assert diff(client, one, **{"with": id_of(other)}).json()["totals"]["photos"] == 0


class TestRefused:
    def test_one_that_is_no_rerun_names_another(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        body = assert_problem(diff(client, seed(sessions, DONE)), 422, "validation")
        assert pointers(body) == ["#/query/with"]

    def test_jobs_that_are_not_final_or_another_tenants(
        self, api: Api, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        done, running = seed(sessions, DONE), seed(sessions, DONE, READY)
        for one, other in ((done, running), (running, done)):
            response = diff(client, one, **{"with": id_of(other)})
            assert_problem(response, 409, "job-not-finished")
        foreign = seed(sessions, DONE, tenant="other")
        assert_problem(diff(client, done, **{"with": id_of(foreign)}), 404, "not-found")
        submitter = api.client(Scope.JOBS_SUBMIT)
        assert_problem(diff(submitter, done), 403, "insufficient-scope")
