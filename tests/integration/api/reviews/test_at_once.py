"""Eight reviewers on one job at once: nothing is lost, nothing doubled, an erasure is told."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import httpx
from sqlalchemy import select

from services.common.db.review_tables import FaceReview
from services.common.db.session import SessionFactory, unit_of_work
from services.common.keys.service import Scope
from tests.fixtures.jobs import SeededJob
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api

REVIEWERS = [f"reviewer {number}" for number in range(8)]
FACES = [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_eight_at_once_lose_and_double_no_word(
    api: Api, path: str, seeded: SeededJob, sessions: SessionFactory
) -> None:
    """Each votes on every face, changes each vote, and sends all of it twice over."""
    key = api.client(Scope.REVIEW, Scope.JOBS_READ)
    say, together = Say(key, path, seeded), Barrier(8)

    def review(name: str) -> list[int]:
        together.wait(60)
        codes = []
        for photo, face in FACES:
            for version, answer in enumerate(("fear", "anger")):
                sent = [say.put(photo, face, answer, name, version=version) for _ in range(2)]
                codes += [response.status_code for response in sent]
        bulk = [say.one(photo, face, "sadness", name, version=2) for photo, face in FACES]
        return [*codes, say.send(*bulk).status_code]

    with ThreadPoolExecutor(8) as pool:
        assert {code for codes in pool.map(review, REVIEWERS) for code in codes} == {200}
    with unit_of_work(sessions) as session:
        words = session.execute(
            select(
                FaceReview.item_id, FaceReview.face_index, FaceReview.reviewer, FaceReview.answer
            )
        ).all()
    assert len(words) == 8 * 4 * 3
    assert set(Counter(words).values()) == {1}
    listed = say.listed()
    assert {(answer, version) for *_, answer, version in listed} == {("sadness", 3)}
    assert Counter(name for _, _, name, _, _ in listed) == dict.fromkeys(REVIEWERS, 4)


def test_one_vote_from_eight_windows_is_taken_once(api: Api, path: str, seeded: SeededJob) -> None:
    """One person in eight windows, all of which saw no vote: one wins, seven are told which."""
    say = Say(api.client(Scope.REVIEW, Scope.JOBS_READ), path, seeded)
    answers = ["surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"]
    together = Barrier(8)

    def put(answer: str) -> httpx.Response:
        together.wait(60)
        return say.put(0, 0, answer, version=0)

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(put, [*answers, "cannot_tell"]))
    ((_, _, _, answer, version),) = say.listed()
    assert Counter(response.status_code for response in answered) == {200: 1, 409: 7}
    assert version == 1
    told = [response.json()["current"][0]["answer"] for response in answered if response.is_error]
    assert told == [answer] * 7


def test_an_erasure_in_the_middle_is_told_to_all(
    api: Api, path: str, seeded: SeededJob, sessions: SessionFactory
) -> None:
    client = api.client(Scope.REVIEW, Scope.JOBS_ERASE)
    say, begun = Say(client, path, seeded), Event()

    def review(name: str) -> list[tuple[int, str | None]]:
        found: list[tuple[int, str | None]] = []
        while len(found) < 1_000 and (not found or found[-1][0] == 200):
            answer = ("fear", "anger")[len(found) % 2]
            response = say.put(0, 0, answer, name)
            begun.set()
            code = None if response.is_success else response.json()["code"]
            found.append((response.status_code, code))
        return found

    with ThreadPoolExecutor(8) as pool:
        reviews = [pool.submit(review, name) for name in REVIEWERS]
        assert begun.wait(60)
        assert client.delete(path).status_code == 204
        answers = {answer for told in reviews for answer in told.result()}
    assert answers == {(200, None), (410, "gone")}
    with unit_of_work(sessions) as session:
        assert session.scalars(select(FaceReview)).all() == []
