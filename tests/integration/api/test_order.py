"""`/order` and `/facets`: a job's photos and faces in an order, and what each filter would find."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from services.common.db.review_tables import FaceReview
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Outcome
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.serving import Api, assert_problem

HAPPY, ANGRY, SAD = Emotion.HAPPINESS, Emotion.ANGER, Emotion.SADNESS
DONE, EMPTY, FAILED, QUEUED = (
    ItemStatus.SUCCEEDED,
    ItemStatus.NO_FACE,
    ItemStatus.FAILED,
    ItemStatus.QUEUED,
)


def face(index: int, emotion: Emotion, p: float, side: float = 60.0, **changes: Any) -> Any:
    rest = (1 - p) / 6
    told = {
        "box": [4.0, 4.0, side - 10, side],
        "probabilities": [p if each is emotion else rest for each in EMOTIONS],
        "margin": p - rest,
        "uncertain": p < 0.5,
    }
    return face_payload(index, **{**told, **changes})


# By place in the job: status, name, payload. Of the faces, 0/1 is cut off and 2/0 small.
PHOTOS: Sequence[tuple[ItemStatus, str, Any]] = (
    (
        DONE,
        "2026/may/b.jpg",
        photo_payload(
            face(0, HAPPY, 0.9),
            face(1, ANGRY, 0.4, box=[0.0, 1.0, 50.0, 52.0]),
            width=300,
            height=200,
        )
        | {"captured_at": "2026-05-02T08:00:00"},
    ),
    (EMPTY, "2026/Zoo.JPG", photo_payload(width=200, height=300) | {"warnings": ["end_missing"]}),
    (DONE, "2026/may/a.jpg", photo_payload(face(0, HAPPY, 0.6, 40.0), width=100, height=100)),
    (FAILED, "top.jpg", None),
    (
        DONE,
        "2025/100%_x.jpg",
        photo_payload(face(0, SAD, 0.7, 90.0), width=400, height=100)
        | {"captured_at": "2025-05-02T08:00:00"},
    ),
    (QUEUED, "2026/mayor.jpg", None),
)


@pytest.fixture
def seeded(sessions: SessionFactory) -> SeededJob:
    with unit_of_work(sessions) as session:
        made = seed_job(session, [status for status, _, _ in PHOTOS])
        for item, (_, name, payload) in zip(made.items, PHOTOS, strict=True):
            session.get_one(Item, item.id).filename = name
            if payload is not None:
                session.get_one(Outcome, item.id).payload = payload
        session.flush()
        # On 0/0 both agree with the model in the end; 4/0 is told apart, 0/1 cannot be told.
        for place, number, reviewer, version, answer in (
            (0, 0, "ada", 1, "fear"),
            (0, 0, "ada", 2, "happiness"),
            (0, 0, "bob", 1, "happiness"),
            (0, 1, "bob", 1, "cannot_tell"),
            (4, 0, "ada", 1, "anger"),
        ):
            session.add(
                FaceReview(
                    item_id=made.items[place].id,
                    face_index=number,
                    reviewer=reviewer,
                    version=version,
                    answer=answer,
                    blind=False,
                )
            )
            session.flush()
    return made


@pytest.fixture
def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


FILTERS = [
    ("expression=happiness", [(0, 0), (2, 0)]),
    ("min_p=0.65", [(0, 0), (4, 0)]),
    ("max_p=0.6&min_p=0.5", [(2, 0)]),
    ("uncertain=true", [(0, 1)]),
    ("expression=happiness&uncertain=true", []),
    ("warning=small_face", [(2, 0)]),
    ("warning=cut_off", [(0, 1)]),
    ("min_side=60", [(0, 0), (4, 0)]),
    ("max_side=59", [(0, 1), (2, 0)]),
    ("min_faces=2", [(0, 0), (0, 1)]),
    ("folder=2026/may", [(0, 0), (0, 1), (2, 0)]),
    ("folder=2025/", [(4, 0)]),
    ("q=A.JPG", [(2, 0)]),
    ("q=%25_", [(4, 0)]),
    ("status=succeeded&folder=2025", [(4, 0)]),
    ("reviewed=true", [(0, 0), (0, 1), (4, 0)]),
    ("reviewed=false", [(2, 0)]),
    ("answer=happiness", [(0, 0)]),
    ("answer=fear", []),
    ("answer=cannot_tell", [(0, 1)]),
    ("differs=true", [(4, 0)]),
    ("differs=false", [(0, 0), (0, 1), (2, 0)]),
    ("reviewed=true&expression=happiness", [(0, 0)]),
]


class TestFilters:
    @pytest.mark.parametrize(("query", "faces"), FILTERS)
    def test_mean_the_same_everywhere(
        self, client: httpx.Client, path: str, query: str, faces: list[tuple[int, int]]
    ) -> None:
        order = client.get(f"{path}/order?of=faces&{query}").json()
        assert list(zip(order["index"], order["face_index"], strict=True)) == faces
        photos = sorted({photo for photo, _ in faces})
        assert client.get(f"{path}/order?{query}").json()["index"] == photos
        listed = client.get(f"{path}/items?{query}").json()["data"]
        assert [photo["index"] for photo in listed] == photos
        results = client.get(f"{path}/results?partial=true&{query}").json()["data"]
        assert [photo["index"] for photo in results] == photos
        facets = client.get(f"{path}/facets?{query}").json()
        assert (facets["photos"], facets["faces"]) == (len(photos), len(faces))

    @pytest.mark.parametrize(
        ("query", "photos"),
        [
            ("status=queued", [5]),
            ("status=failed", [3]),
            ("warning=end_missing", [1]),
            ("folder=2026", [0, 1, 2, 5]),
            ("q=zoo", [1]),
            ("min_faces=0", [0, 1, 2, 4]),
        ],
    )
    def test_find_photos_without_a_face(
        self, client: httpx.Client, path: str, query: str, photos: list[int]
    ) -> None:
        assert client.get(f"{path}/order?{query}").json()["index"] == photos
        assert client.get(f"{path}/facets?{query}").json()["photos"] == len(photos)

    @pytest.mark.parametrize(
        "query",
        ["warning=ugly", "max_p=2", "min_side=-1", "q=", "q=%00", "answer=joy", "folder=a%0Ab"],
    )
    def test_that_make_no_sense_are_refused(
        self, client: httpx.Client, path: str, query: str
    ) -> None:
        for route in ("order", "facets", "items", "results"):
            assert_problem(client.get(f"{path}/{route}?{query}"), 422, "validation")


class TestOrder:
    @pytest.mark.parametrize(
        ("sort", "faces"),
        [
            ("sent", [(0, 0), (0, 1), (2, 0), (4, 0)]),
            ("uncertain", [(0, 1), (2, 0), (4, 0), (0, 0)]),
            ("margin", [(0, 1), (2, 0), (4, 0), (0, 0)]),
            ("confidence", [(0, 0), (4, 0), (2, 0), (0, 1)]),
            ("faces", [(0, 0), (0, 1), (2, 0), (4, 0)]),
            ("name", [(4, 0), (2, 0), (0, 0), (0, 1)]),
            ("captured", [(4, 0), (0, 0), (0, 1), (2, 0)]),
            ("rare", [(0, 1), (4, 0), (0, 0), (2, 0)]),
            ("size", [(4, 0), (0, 0), (0, 1), (2, 0)]),
            ("disagreement", [(4, 0), (0, 1), (2, 0), (0, 0)]),
        ],
    )
    def test_of_faces(
        self, client: httpx.Client, path: str, sort: str, faces: list[tuple[int, int]]
    ) -> None:
        order = client.get(f"{path}/order?of=faces&sort={sort}").json()
        assert list(zip(order["index"], order["face_index"], strict=True)) == faces
        told = {(0, 0): (3, 1), (0, 1): (4, 1), (2, 0): (3, 0), (4, 0): (5, 1)}
        assert list(zip(order["expression"], order["reviewed"], strict=True)) == [
            told[one] for one in faces
        ]

    @pytest.mark.parametrize(
        ("sort", "photos"),
        [
            ("sent", [0, 1, 2, 3, 4, 5]),
            ("uncertain", [0, 2, 4, 1, 3, 5]),
            ("margin", [0, 2, 4, 1, 3, 5]),
            ("confidence", [0, 4, 2, 1, 3, 5]),
            ("faces", [0, 2, 4, 1, 3, 5]),
            ("name", [4, 1, 2, 0, 5, 3]),
            ("captured", [4, 0, 1, 2, 3, 5]),
            ("rare", [0, 4, 2, 1, 3, 5]),
            ("size", [4, 0, 2, 1, 3, 5]),
            ("disagreement", [4, 0, 2, 1, 3, 5]),
        ],
    )
    def test_of_photos(self, client: httpx.Client, path: str, sort: str, photos: list[int]) -> None:
        order = client.get(f"{path}/order?sort={sort}").json()
        assert (order["total"], order["index"]) == (6, photos)
        ratios = [150, 66, 100, 100, 400, 100]
        assert order["ratio"] == [ratios[photo] for photo in photos]

    def test_a_photo_stands_where_its_fitting_face_would(
        self, client: httpx.Client, path: str
    ) -> None:
        order = client.get(f"{path}/order?sort=uncertain&expression=happiness").json()
        assert order["index"] == [2, 0]

    def test_of_nothing_is_empty(self, client: httpx.Client, path: str) -> None:
        order = client.get(f"{path}/order?of=faces&expression=fear").json()
        assert (order["total"], order["index"], order["face_index"]) == (0, [], [])

    def test_of_many_is_packed_for_those_who_take_it(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            made = seed_job(session, [EMPTY] * 400)
        url = f"/v1/jobs/{format_id(IdKind.JOB, made.job.public_id)}/order"
        plain = client.get(url, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join(packed.iter_raw())
        assert packed.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(body)) == plain.json()
        assert len(body) < len(plain.content) / 2

    def test_belongs_to_its_tenant(self, api: Api, path: str) -> None:
        stranger = api.client(tenant="other")
        for route in ("order", "facets"):
            assert_problem(stranger.get(f"{path}/{route}"), 404, "not-found")


class TestNumbers:
    def test_list_photos_in_the_order_asked(self, client: httpx.Client, path: str) -> None:
        page = client.get(f"{path}/items?index=4&index=0&index=99&index=4&index=2").json()
        assert [photo["index"] for photo in page["data"]] == [4, 0, 2]
        assert (page["has_more"], page["next_cursor"]) == (False, None)

    def test_are_narrowed_as_well(self, client: httpx.Client, path: str) -> None:
        page = client.get(f"{path}/items?index=4&index=2&index=0&expression=happiness").json()
        assert [photo["index"] for photo in page["data"]] == [2, 0]

    def test_a_page_that_is_full_of_faces_goes_on_in_the_order_asked(
        self, client: httpx.Client, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.common.jobs.repositories.results.FACES_A_PAGE", 2)
        url = f"{path}/items?index=4&index=0&index=2"
        first = client.get(url)
        rest = client.get(first.links["next"]["url"])
        assert [photo["index"] for photo in first.json()["data"]] == [4, 0]
        assert [photo["index"] for photo in rest.json()["data"]] == [2]

    def test_of_more_than_a_page_are_refused(self, client: httpx.Client, path: str) -> None:
        query = "&".join(f"index={number}" for number in range(201))
        assert_problem(client.get(f"{path}/items?{query}"), 422, "validation")


class TestFacets:
    def test_count_each_choice(self, client: httpx.Client, path: str) -> None:
        facets = client.get(f"{path}/facets").json()
        assert (facets["photos"], facets["faces"], facets["uncertain"]) == (6, 4, 1)
        assert {name: n for name, n in facets["expressions"].items() if n} == {
            "happiness": 2,
            "anger": 1,
            "sadness": 1,
        }
        assert facets["reviewed"] == 3
        assert {name: n for name, n in facets["warnings"].items() if n} == {
            "small_face": 1,
            "cut_off": 1,
            "end_missing": 1,
        }
        bins = {place: n for place, n in enumerate(facets["confidence"]) if n}
        assert (len(facets["confidence"]), sum(bins.values())) == (20, 4)
        assert bins[18] == 1
        assert facets["statuses"]["succeeded"] == 3

    def test_count_photos_to_the_folders_above(self, client: httpx.Client, path: str) -> None:
        folders = client.get(f"{path}/facets").json()["folders"]
        assert folders == [
            {"name": "2026", "photos": 4},
            {"name": "2026/may", "photos": 2},
            {"name": "2025", "photos": 1},
        ]

    def test_leave_out_their_own_filter_only(self, client: httpx.Client, path: str) -> None:
        facets = client.get(f"{path}/facets?expression=happiness&folder=2026&min_p=0.8").json()
        assert (facets["photos"], facets["faces"]) == (1, 1)
        # With happiness 0.8 and above in 2026: what other expressions, steps and folders have.
        assert facets["expressions"]["sadness"] == 0
        assert sum(facets["confidence"]) == 2
        assert [one["name"] for one in facets["folders"]] == ["2026", "2026/may"]
        angry = client.get(f"{path}/facets?expression=anger").json()
        assert (angry["faces"], angry["expressions"]["happiness"]) == (1, 2)
        assert angry["statuses"]["queued"] == 0

    def test_a_certain_answer_is_in_the_last_step(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            made = seed_job(session, faces=[face(0, SAD, 1.0)])
        url = f"/v1/jobs/{format_id(IdKind.JOB, made.job.public_id)}/facets"
        assert client.get(url).json()["confidence"][-1] == 1
