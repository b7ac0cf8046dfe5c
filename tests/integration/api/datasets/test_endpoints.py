"""`/v1/datasets`: made of reviews, downloaded, thinned, deleted."""

import csv
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.common.datasets import checks
from services.common.db.dataset_tables import DatasetFace
from services.common.db.grants import Role
from services.common.db.review_tables import FaceReview, ReviewDraw, ReviewDrawFace
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.emotions import EMOTIONS
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.limits import PhotoLimits
from services.common.keys.outputs import OutputMode
from services.common.keys.service import Scope, issue_key
from services.common.storage import ObjectStorage
from services.common.storage_keys import training_key
from services.maintenance.dataset_builder import DatasetBuilder
from tests.fixtures.as_role import sessions_as
from tests.fixtures.jobs import SeededJob
from tests.fixtures.serving import Api, assert_problem
from tests.fixtures.taught import seed_photos

PHOTOS = 12


@pytest.fixture
def made(sessions: SessionFactory, storage: ObjectStorage) -> SeededJob:
    """A job of which each face was drawn and reviewed blind, and one of them as no face."""
    with unit_of_work(sessions) as session:
        job = seed_photos(session, storage, PHOTOS, keep=True)
        draw = ReviewDraw(
            public_id=new_uuid7(),
            job_id=job.job.id,
            seed=1,
            by_expression=False,
            populations=[0, 0, 0, PHOTOS, 0, 0, 0],
        )
        session.add(draw)
        session.flush()
        for number, item in enumerate(job.items):
            answer = str(EMOTIONS[number % 7]) if number else "not_a_face"
            session.add(
                FaceReview(
                    item_id=item.id,
                    face_index=0,
                    reviewer="ada",
                    version=1,
                    answer=answer,
                    blind=True,
                )
            )
            session.add(
                ReviewDrawFace(
                    draw_id=draw.id,
                    place=number,
                    item_id=item.id,
                    face_index=0,
                    expression=3,
                    probability=1.0,
                )
            )
    return job


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_TO_TEST", 1)
    monkeypatch.setattr(checks, "LEAST_TO_CALIBRATE", 1)


@pytest.fixture
def builder(sessions: SessionFactory, storage: ObjectStorage) -> Iterator[DatasetBuilder]:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    builder = DatasetBuilder(ours, storage, limits=PhotoLimits())
    yield builder
    builder.close()


@pytest.fixture
def client(api: Api) -> httpx.Client:
    return api.client(Scope.REVIEW, Scope.JOBS_READ, Scope.JOBS_ERASE)


def ask(client: httpx.Client, *jobs: SeededJob, **more: Any) -> httpx.Response:
    ids = [format_id(IdKind.JOB, job.job.public_id) for job in jobs]
    given = {"name": "party", "held_out": 0.25, "least_of_each": 0}
    return client.post("/v1/datasets", json={**given, "jobs": ids, **more})


def built(client: httpx.Client, builder: DatasetBuilder, *jobs: SeededJob) -> dict[str, Any]:
    response = ask(client, *jobs, consent="release forms")
    assert response.status_code == 201, response.text
    while builder.step():
        pass
    found: dict[str, Any] = client.get(response.headers["location"]).json()
    return found


def unpacked(client: httpx.Client, dataset: str) -> dict[str, bytes]:
    response = client.get(f"/v1/datasets/{dataset}/archive")
    assert response.status_code == 200
    with tarfile.open(fileobj=io.BytesIO(response.content)) as tar:
        return {
            entry.name: file.read() for entry in tar if (file := tar.extractfile(entry)) is not None
        }


@pytest.mark.usefixtures("few_are_enough")
class TestLoop:
    def test_an_erased_photo_is_taken_out_and_the_version_says_so(
        self, client: httpx.Client, made: SeededJob, builder: DatasetBuilder, storage: ObjectStorage
    ) -> None:
        dataset = built(client, builder, made)
        job, item = made.job.public_id, made.items[1].public_id
        assert storage.exists(training_key(job, item, 0))
        wanted = {"items": [format_id(IdKind.ITEM, item)]}
        path = f"/v1/jobs/{format_id(IdKind.JOB, job)}/items/erase"
        receipt = client.post(path, json=wanted).json()["erasure"]
        assert client.get(f"/v1/erasures/{receipt}").json()["training_faces"] == 1
        thinned = client.get(f"/v1/datasets/{dataset['id']}").json()
        assert (thinned["erased"], thinned["thinned_at"] is not None) == (1, True)
        faces = json.loads(unpacked(client, dataset["id"])["dataset.json"])["faces"]
        assert len(faces) == PHOTOS - 2

    def test_reviews_become_an_archive(
        self, client: httpx.Client, made: SeededJob, builder: DatasetBuilder
    ) -> None:
        dataset = built(client, builder, made)
        assert (dataset["state"], dataset["faces"]) == ("ready", PHOTOS - 1)
        assert dataset["left_out"] == {"not_a_face": 1}
        files = unpacked(client, dataset["id"])
        told = json.loads(files["dataset.json"])
        assert (told["id"], told["consent"]) == (dataset["id"], "release forms")
        assert {face["file"] for face in told["faces"]} == {
            name for name in files if name.startswith("faces/")
        }
        for face in told["faces"]:
            assert hashlib.sha256(files[face["file"]]).hexdigest() == face["sha256"]
            assert face["kept_for_training"]
        rows = list(csv.DictReader(io.StringIO(files["votes.csv"].decode())))
        counts = {side: sum(of.values()) for side, of in dataset["counts"].items()}
        assert {side: sum(row["split"] == side for row in rows) for side in counts} == counts
        assert sum(counts.values()) == PHOTOS - 1
        assert "release forms" in files["README.md"].decode()
        croissant = json.loads(files["croissant.json"])
        [table] = croissant["distribution"]
        assert table["sha256"] == hashlib.sha256(files["votes.csv"]).hexdigest()

    def test_what_was_answered_behind_a_gap_of_the_draw_judges_no_model(
        self, client: httpx.Client, made: SeededJob, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            word = {"item_id": made.items[4].id, "face_index": 0, "reviewer": "ada"}
            session.add(FaceReview(**word, version=2, answer="withdrawn", blind=True))
        assert ask(client, made).status_code == 201
        with unit_of_work(sessions) as session:
            faces = session.scalars(select(DatasetFace)).all()
        testable = {face.item_public_id for face in faces if face.testable}
        assert testable == {item.public_id for item in made.items[1:4]}

    def test_an_erasure_thins_it_and_models_trained_before_say_so(
        self,
        client: httpx.Client,
        made: SeededJob,
        builder: DatasetBuilder,
        sessions: SessionFactory,
    ) -> None:
        dataset = built(client, builder, made)
        kept = {name: dataset[name] for name in ("id", "name", "version", "faces")}
        with unit_of_work(sessions) as session:
            model = Model(
                public_id=new_uuid7(),
                name="mine",
                version="0.1.0",
                sha256=b"m" * 32,
                manifest={"metrics": {"data_set": kept}},
            )
            session.add(model)
        path = f"/v1/models/{format_id(IdKind.MODEL, model.public_id)}"
        assert client.get(path).json()["data_set"]["state"] == "whole"
        job = format_id(IdKind.JOB, made.job.public_id)
        assert client.delete(f"/v1/jobs/{job}").status_code == 204
        found = client.get(f"/v1/datasets/{dataset['id']}").json()
        assert (found["erased"], found["counts"]) == (PHOTOS - 1, {})
        # One was reviewed as no face, and its job keeps what is reviewed.
        assert client.get(f"/v1/erasures/{job}").json()["training_faces"] == PHOTOS
        told = client.get(path).json()["data_set"]
        assert (told["state"], told["erased"]) == ("thinned", PHOTOS - 1)
        files = unpacked(client, dataset["id"])
        assert [name for name in files if name.startswith("faces/")] == []
        assert "**Thinned**" in files["README.md"].decode()
        assert client.delete(f"/v1/datasets/{dataset['id']}").status_code == 204
        assert client.get(path).json()["data_set"]["state"] == "deleted"

    def test_versions_are_listed_newest_first(
        self, client: httpx.Client, made: SeededJob, builder: DatasetBuilder
    ) -> None:
        first, second = (built(client, builder, made) for _ in range(2))
        other = ask(client, made, name="other").json()
        listed = client.get("/v1/datasets").json()["data"]
        assert [each["id"] for each in listed] == [other["id"], second["id"], first["id"]]
        assert [each["version"] for each in listed] == [1, 2, 1]
        narrowed = client.get("/v1/datasets", params={"name": "party"}).json()["data"]
        assert [each["id"] for each in narrowed] == [second["id"], first["id"]]


class TestRefused:
    def test_too_few_faces_say_what_to_do(self, client: httpx.Client, made: SeededJob) -> None:
        problem = assert_problem(ask(client, made), 409, "dataset-too-small")
        assert "30 are needed" in problem["detail"]
        assert client.get("/v1/datasets").json()["data"] == []

    @pytest.mark.usefixtures("few_are_enough")
    def test_a_rare_expression_is_named(self, client: httpx.Client, made: SeededJob) -> None:
        problem = assert_problem(ask(client, made, least_of_each=5), 409, "dataset-too-small")
        assert "of fear" in problem["detail"]

    def test_a_job_that_is_erased(self, client: httpx.Client, made: SeededJob) -> None:
        client.delete(f"/v1/jobs/{format_id(IdKind.JOB, made.job.public_id)}")
        assert_problem(ask(client, made), 410, "gone")

    @pytest.mark.usefixtures("few_are_enough")
    def test_what_is_another_tenants(self, api: Api, client: httpx.Client, made: SeededJob) -> None:
        scopes = Scope.REVIEW, Scope.JOBS_READ, Scope.JOBS_ERASE
        stranger = api.client(*scopes, tenant="other")
        assert_problem(ask(stranger, made), 404, "not-found")
        mine = f"/v1/datasets/{ask(client, made).json()['id']}"
        for method, path in (("GET", mine), ("GET", f"{mine}/archive"), ("DELETE", mine)):
            assert_problem(stranger.request(method, path), 404, "not-found")
        assert stranger.get("/v1/datasets").json()["data"] == []
        assert client.get(mine).status_code == 200

    @pytest.mark.usefixtures("few_are_enough")
    def test_the_archive_of_one_that_is_not_ready(
        self, client: httpx.Client, made: SeededJob
    ) -> None:
        path = f"/v1/datasets/{ask(client, made).json()['id']}/archive"
        assert_problem(client.get(path), 409, "dataset-not-ready")

    @pytest.mark.usefixtures("few_are_enough")
    def test_faces_for_a_key_that_sees_them_blurred(
        self,
        api: Api,
        client: httpx.Client,
        made: SeededJob,
        builder: DatasetBuilder,
        sessions: SessionFactory,
    ) -> None:
        dataset = built(client, builder, made)
        with unit_of_work(sessions) as session:
            key = issue_key(
                session,
                tenant="default",
                name="blurred",
                scopes=[Scope.JOBS_READ],
                environment="dev",
                output=OutputMode.BLURRED,
            )
        blurred = api.client(key=key.secret)
        path = f"/v1/datasets/{dataset['id']}/archive"
        assert_problem(blurred.get(path), 403, "output-restricted")
