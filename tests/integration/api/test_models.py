"""The model registry over HTTP: publish, look, choose, go back, try."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from services.common.db.model_tables import ModelActivation, TrialLoad
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model, Worker
from services.common.domain.ids import IdKind, new_uuid7, parse_id
from services.common.keys.service import Scope
from services.common.registry.canary import Agreement, record_canary
from services.common.registry.trial_load_repository import LoadState, TrialLoadRepository
from services.common.storage import ObjectStorage, build_storage
from tests.fixtures.paper_bundles import MANIFEST, Files, bundle_parts, paper_bundle, sha256
from tests.fixtures.serving import Api, StartApi, assert_problem, pointers
from tests.fixtures.settings import SettingsMaker

Publish = Callable[..., str]

UNKNOWN = f"mdl_{'0' * 32}"
ADMIN_CALLS = [
    ("POST", "/v1/models", None),
    ("POST", f"/v1/models/{UNKNOWN}/activate", None),
    ("POST", "/v1/models/rollback", None),
    ("PUT", "/v1/models/canary", {"model": UNKNOWN, "share": 0.5}),
    ("DELETE", "/v1/models/canary", None),
    ("GET", f"/v1/models/{UNKNOWN}/files/model.onnx", None),
]


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    """A client that may manage models, and nothing else."""
    return api.client(Scope.MODELS_ADMIN)


@pytest.fixture
def publish(admin: httpx.Client) -> Publish:
    """Publish a bundle on paper and return the model's id."""

    def publish(**bundle: Any) -> str:
        response = send(admin, paper_bundle(**bundle))
        assert response.status_code == 201, response.text
        published: str = response.json()["id"]
        return published

    return publish


def send(client: httpx.Client, files: Files) -> httpx.Response:
    return client.post("/v1/models", files=bundle_parts(files))


def activate(client: httpx.Client, model: str, **body: Any) -> httpx.Response:
    return client.post(f"/v1/models/{model}/activate", json=body)


def active(client: httpx.Client) -> list[str]:
    return [row["version"] for row in client.get("/v1/models").json()["data"] if row["active"]]


def worker_row(model_version: str, *, age_s: float = 1.0, shipped: str | None = None) -> Worker:
    beat_at = datetime.now(UTC) - timedelta(seconds=age_s)
    return Worker(
        id=new_uuid7(),
        kind="cpu",
        host="h",
        pid=1,
        model_version=model_version,
        beat_at=beat_at,
        current=None if shipped is None else {"shipped": shipped},
    )


def stored(sessions: SessionFactory, storage: ObjectStorage) -> tuple[int, int]:
    """How many models and objects there are."""
    with unit_of_work(sessions) as session:
        rows = session.scalar(select(func.count()).select_from(Model))
    return rows or 0, len(list(storage.list("")))


class TestScopes:
    @pytest.mark.parametrize(("method", "path", "body"), ADMIN_CALLS)
    def test_changes_and_weights_need_models_admin(
        self, client: httpx.Client, method: str, path: str, body: Any
    ) -> None:
        response = client.request(method, path, json=body)
        assert_problem(response, 403, "insufficient-scope")
        assert 'scope="models:admin"' in response.headers["www-authenticate"]

    def test_the_operator_may_do_all_of_it(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        model = send(operator, paper_bundle()).json()["id"]
        assert activate(operator, model).status_code == 200
        assert operator.get(f"/v1/models/{model}/files/model.onnx").status_code == 200

    def test_any_key_may_look(self, api: Api, publish: Publish) -> None:
        model = publish()
        reader = api.client(Scope.JOBS_READ, tenant="another")
        for path in ("", f"/{model}", f"/{model}/files/{MANIFEST}"):
            assert reader.get(f"/v1/models{path}").status_code == 200
        assert_problem(reader.get("/v1/models/canary"), 404, "not-found")


class TestPublish:
    def test_stores_every_file_and_a_row_that_is_not_active(
        self, admin: httpx.Client, storage: ObjectStorage
    ) -> None:
        files = paper_bundle(name="mine", version="1.2.3")
        response = send(admin, files)
        shown = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/models/{shown['id']}"
        assert shown["sha256"] == sha256(files[MANIFEST])
        assert shown["model_version"] == f"mine-1.2.3+{shown['sha256'][:8]}"
        assert shown["metrics"] == {
            "accuracy": 0.62,
            "macro_recall": None,
            "macro_f1": 0.6,
            "truth": "data set",
            "test_sha256": "a" * 64,
            "n": 420,
        }
        assert (shown["active"], shown["canary"], shown["activated_at"]) == (False, False, None)
        kept = {entry.key.rpartition("/")[2]: entry.key for entry in storage.list("")}
        assert {name: storage.get(key) for name, key in kept.items()} == files

    def test_again_is_the_same_model(self, admin: httpx.Client) -> None:
        first, second = (send(admin, paper_bundle()).json() for _ in range(2))
        assert first == second
        assert len(admin.get("/v1/models").json()["data"]) == 1

    def test_refuses_another_bundle_under_the_same_version(self, admin: httpx.Client) -> None:
        send(admin, paper_bundle(f1=0.6))
        body = assert_problem(send(admin, paper_bundle(f1=0.7)), 409, "model-version-taken")
        assert "paper-0.1.0" in body["detail"]

    def test_refuses_an_altered_file_by_its_name_and_keeps_nothing(
        self, admin: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        files = paper_bundle()
        files["golden.npz"] += b"?"
        body = assert_problem(send(admin, files), 422, "bundle-refused")
        assert pointers(body) == ["#/files/golden.npz"]
        assert stored(sessions, storage) == (0, 0)

    def test_keeps_nothing_of_a_body_that_breaks_off(
        self, admin: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        request = admin.build_request("POST", "/v1/models", files=bundle_parts(paper_bundle()))
        cut = request.read()[:-40]
        headers = {"Content-Type": request.headers["content-type"]}
        assert_problem(
            admin.post("/v1/models", content=cut, headers=headers), 400, "invalid-request"
        )
        assert stored(sessions, storage) == (0, 0)

    def test_refuses_what_is_no_multipart(self, admin: httpx.Client) -> None:
        response = admin.post("/v1/models", json={})
        assert_problem(response, 415, "unsupported-media")

    def test_refuses_more_than_a_gigabyte_by_its_length(
        self, api: Api, admin: httpx.Client
    ) -> None:
        url = httpx.URL(api.url)
        head = (
            f"POST /v1/models HTTP/1.1\r\nHost: {url.host}\r\n"
            f"Authorization: {admin.headers['Authorization']}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000001\r\n\r\n"
        )
        with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
            connection.sendall(head.encode() + b"--b")
            answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b'"limit":1000000000' in answer

    def test_takes_weights_that_no_other_body_may_have(self, admin: httpx.Client) -> None:
        big = b"w" * 3_000_000
        plain = paper_bundle()
        hashes = {name: sha256(data) for name, data in plain.items() if name != MANIFEST}
        files = paper_bundle(files={**hashes, "model.onnx": sha256(big)}) | {"model.onnx": big}
        model = send(admin, files).json()["id"]
        file = f"/v1/models/{model}/files/model.onnx"
        assert admin.get(file).content == big
        rest = {"Range": "bytes=1000-", "If-Range": admin.head(file).headers["etag"]}
        assert admin.get(file, headers=rest).content == big[1000:]
        assert_problem(admin.put("/v1/models/canary", content=big), 413, "payload-too-large")

    def test_says_so_when_the_bucket_is_away_and_publishes_nothing(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        settings = make_settings()
        away = settings.storage.model_copy(update={"endpoint": "127.0.0.1:1"})
        client = start_api(settings, storage=build_storage(away)).client(Scope.MODELS_ADMIN)
        assert_problem(send(client, paper_bundle()), 503, "overloaded")
        with unit_of_work(sessions) as session:
            assert session.scalar(select(func.count()).select_from(Model)) == 0

    def test_leaves_no_temporary_file(
        self,
        admin: httpx.Client,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        files = paper_bundle()
        assert send(admin, files).status_code == 201
        assert send(admin, files | {"more": b"x"}).status_code == 422
        assert list(tmp_path.iterdir()) == []

    def test_says_that_it_is_full_when_nothing_can_be_written(
        self, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", "/nowhere")
        response = send(admin, paper_bundle())
        assert_problem(response, 503, "overloaded")
        assert response.headers["retry-after"]


class TestDetail:
    def test_adds_the_manifest_and_the_card(self, client: httpx.Client, publish: Publish) -> None:
        model = publish(recipe={"preset": "smoke"})
        [shown] = client.get("/v1/models").json()["data"]
        detail = client.get(f"/v1/models/{model}").json()
        added = {"manifest": detail["manifest"], "card": detail["card"], "data_set": None}
        assert detail == {**shown, **added}
        assert detail["manifest"]["recipe"] == {"preset": "smoke"}
        assert detail["card"].startswith("# paper 0.1.0")

    @pytest.mark.parametrize(
        "manifest", [{"metrics": {}}, {"files": {"MODEL_CARD.md": "0" * 64}}], ids=["old", "lost"]
    )
    def test_has_no_card_when_its_files_are_not_in_the_bucket(
        self, client: httpx.Client, sessions: SessionFactory, manifest: dict[str, Any]
    ) -> None:
        with unit_of_work(sessions) as session:
            model = Model(
                public_id=new_uuid7(),
                name="starter",
                version="1.0.0",
                sha256=bytes(range(32)),
                manifest=manifest,
                active=True,
            )
            session.add(model)
        detail = client.get(f"/v1/models/mdl_{model.public_id.hex}").json()
        assert (detail["active"], detail["card"]) == (True, None)
        lost = client.get(f"/v1/models/{detail['id']}/files/MODEL_CARD.md")
        assert_problem(lost, 404, "not-found")

    def test_counts_the_live_workers_that_answer_with_it(
        self, client: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        model = publish()
        version = client.get(f"/v1/models/{model}").json()["model_version"]
        beats = [(version, 1.0), (version, 2.0), (version, 60.0), ("other-1.0.0+0", 1.0)]
        with unit_of_work(sessions) as session:
            for model_version, age_s in beats:
                session.add(worker_row(model_version, age_s=age_s))
        assert client.get(f"/v1/models/{model}").json()["workers"] == 2
        assert [row["workers"] for row in client.get("/v1/models").json()["data"]] == [2]

    def test_tells_why_live_workers_refuse_it(
        self, client: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        model, other = publish(), publish(version="0.2.0")
        sha256 = client.get(f"/v1/models/{model}").json()["sha256"]
        broken = {"sha256": sha256, "code": "bundle-refused", "reason": "golden.npz is broken."}
        away = {"sha256": sha256, "code": "transient", "reason": "The bucket is away."}
        beats = [([broken], 1.0), ([broken], 2.0), ([away], 2.0), ([away], 60.0), (None, 1.0)]
        with unit_of_work(sessions) as session:
            for refusals, age_s in beats:
                row = worker_row("other-1.0.0+0", age_s=age_s)
                row.current = None if refusals is None else {"model_refusals": refusals}
                session.add(row)
        told = {row["id"]: row["refusals"] for row in client.get("/v1/models").json()["data"]}
        assert told == {
            model: [
                {"code": "bundle-refused", "reason": "golden.npz is broken.", "workers": 2},
                {"code": "transient", "reason": "The bucket is away.", "workers": 1},
            ],
            other: [],
        }

    @pytest.mark.parametrize("model", ["x", UNKNOWN, "mdl_", "job_" + "0" * 32])
    def test_of_an_unknown_one_is_not_found(self, client: httpx.Client, model: str) -> None:
        assert_problem(client.get(f"/v1/models/{model}"), 404, "not-found")
        assert_problem(client.get(f"/v1/models/{model}/files/{MANIFEST}"), 404, "not-found")


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            (MANIFEST, "application/json"),
            ("MODEL_CARD.md", "text/markdown; charset=utf-8"),
            ("confusion_matrix.png", "image/png"),
        ],
    )
    def test_are_served_as_they_were_sent(
        self, client: httpx.Client, publish: Publish, name: str, kind: str
    ) -> None:
        response = client.get(f"/v1/models/{publish()}/files/{name}")
        assert response.content == paper_bundle()[name]
        assert response.headers["content-type"] == kind
        assert response.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("name", ["model.onnx", "golden.npz", "report.html"])
    def test_of_other_kinds_are_attachments_for_administrators(
        self, client: httpx.Client, admin: httpx.Client, publish: Publish, name: str
    ) -> None:
        path = f"/v1/models/{publish()}/files/{name}"
        assert_problem(client.get(path), 403, "insufficient-scope")
        response = admin.get(path)
        assert response.content == paper_bundle()[name]
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"] == f'attachment; filename="{name}"'

    @pytest.mark.parametrize("name", ["none.md", "none.bin", "..%2Fbundle.json", "%2e%2e"])
    def test_not_in_the_manifest_are_not_found(
        self, admin: httpx.Client, publish: Publish, name: str
    ) -> None:
        response = admin.get(f"/v1/models/{publish()}/files/{name}")
        assert response.status_code == 404


class TestActivate:
    def test_leaves_one_active_and_says_who_did_it(
        self, api: Api, publish: Publish, sessions: SessionFactory
    ) -> None:
        operator = api.client(Scope.ADMIN)
        made = operator.post("/v1/api-keys", json={"name": "me", "scopes": ["models:admin"]}).json()
        mine = api.client(key=made["secret"])
        for version in ("1.0.0", "2.0.0"):
            response = activate(mine, publish(version=version))
            shown = response.json()
            assert (response.status_code, shown["active"]) == (200, True)
            assert shown["activated_at"].endswith("Z")
            assert active(mine) == [version]
        with unit_of_work(sessions) as session:
            actors = session.scalars(select(ModelActivation.actor)).all()
        assert actors == [made["id"]] * 2

    def test_needs_no_body(self, admin: httpx.Client, publish: Publish) -> None:
        assert admin.post(f"/v1/models/{publish()}/activate").status_code == 200

    def test_again_changes_nothing(self, admin: httpx.Client, publish: Publish) -> None:
        model = publish()
        first, second = (activate(admin, model).json() for _ in range(2))
        assert first == second

    def test_refuses_what_was_tested_on_other_images_unless_forced(
        self, admin: httpx.Client, publish: Publish
    ) -> None:
        activate(admin, publish(version="1.0.0"))
        other = publish(version="2.0.0", f1=0.9, test="b" * 64)
        body = assert_problem(activate(admin, other), 409, "model-not-comparable")
        assert "420 images of test set bbbbbbbb" in body["detail"]
        assert activate(admin, other, force=True).json()["active"]

    def test_refuses_a_clearly_worse_model_unless_forced(
        self, admin: httpx.Client, publish: Publish
    ) -> None:
        good, bad = publish(version="1.0.0", f1=0.6), publish(version="2.0.0", f1=0.55)
        activate(admin, good)
        body = assert_problem(activate(admin, bad), 409, "model-worse")
        assert "0.550" in body["detail"]
        assert "0.600" in body["detail"]
        assert active(admin) == ["1.0.0"]
        assert activate(admin, bad, force=True).json()["active"]
        assert active(admin) == ["2.0.0"]

    def test_follows_the_setting(
        self, start_api: StartApi, make_settings: SettingsMaker, publish: Publish
    ) -> None:
        api = start_api(make_settings(models={"max_f1_drop": 0.1}))
        lenient = api.client(Scope.MODELS_ADMIN)
        for version, f1 in (("1.0.0", 0.6), ("2.0.0", 0.55)):
            assert activate(lenient, publish(version=version, f1=f1)).status_code == 200

    @pytest.mark.parametrize("body", [{"force": "yes"}, {"force": 1}, {"forced": True}])
    def test_takes_no_other_words(
        self, admin: httpx.Client, publish: Publish, body: dict[str, Any]
    ) -> None:
        assert_problem(activate(admin, publish(), **body), 422, "validation")

    def test_of_an_unknown_one_is_not_found(self, admin: httpx.Client) -> None:
        assert_problem(activate(admin, UNKNOWN), 404, "not-found")


class TestTrialLoad:
    """Before it is activated a model is loaded by a live worker; here one made of a thread."""

    @pytest.fixture
    def live(self, sessions: SessionFactory) -> None:
        """A row of a worker that does trial loads."""
        with unit_of_work(sessions) as session:
            session.add(worker_row("other-1.0.0+0", shipped="00" * 32))

    @pytest.fixture
    def patient(self, start_api: StartApi, make_settings: SettingsMaker) -> httpx.Client:
        """A client of an API that waits for a minute."""
        api = start_api(make_settings(models={"trial_load_s": 60}))
        return api.client(Scope.MODELS_ADMIN)

    @pytest.fixture
    def hasty(self, start_api: StartApi, make_settings: SettingsMaker) -> httpx.Client:
        """A client of an API that hardly waits."""
        api = start_api(make_settings(models={"trial_load_s": 0.2}))
        return api.client(Scope.MODELS_ADMIN)

    def answer(self, sessions: SessionFactory, **fault: str) -> threading.Thread:
        """Take the next trial load, in a thread, and finish it."""

        def work() -> None:
            deadline, asked = time.monotonic() + 60, None
            while asked is None:
                assert time.monotonic() < deadline
                with unit_of_work(sessions) as session:
                    asked = TrialLoadRepository(session).claim(host="host-1")
                    if asked is not None:
                        TrialLoadRepository(session).finish(asked.id, **fault)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def loads(self, sessions: SessionFactory) -> int:
        with unit_of_work(sessions) as session:
            return session.scalar(select(func.count()).select_from(TrialLoad)) or 0

    @pytest.mark.usefixtures("live")
    def test_that_succeeds_lets_it_answer(
        self, patient: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        model, worker = publish(), self.answer(sessions)
        shown = activate(patient, model).json()
        worker.join()
        assert (shown["active"], shown["checked"]) == (True, True)
        assert self.loads(sessions) == 0

    @pytest.mark.usefixtures("live")
    @pytest.mark.parametrize("force", [False, True])
    def test_that_fails_refuses_it_with_the_reason(
        self, patient: httpx.Client, publish: Publish, sessions: SessionFactory, force: bool
    ) -> None:
        model = publish()
        worker = self.answer(sessions, error_code="transient", error_detail="The disk is full.")
        body = assert_problem(activate(patient, model, force=force), 409, "model-not-loadable")
        worker.join()
        assert "host-1 cannot load the model: The disk is full. (transient)" in body["detail"]
        assert active(patient) == []
        assert self.loads(sessions) == 0

    def test_is_not_waited_for_where_no_worker_lives(
        self, patient: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            session.add(worker_row("other-1.0.0+0", shipped="00" * 32, age_s=60))
            session.add(worker_row("of-before-1.0.0+0"))
        shown = activate(patient, publish()).json()
        assert (shown["active"], shown["checked"]) == (True, False)

    @pytest.mark.usefixtures("live")
    def test_that_nobody_takes_in_time_is_done_without(
        self, hasty: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        shown = activate(hasty, publish()).json()
        assert (shown["active"], shown["checked"]) == (True, False)
        assert self.loads(sessions) == 0

    @pytest.mark.usefixtures("live")
    def test_that_is_begun_and_not_ended_in_time_wants_force(
        self,
        hasty: httpx.Client,
        publish: Publish,
        sessions: SessionFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        state = TrialLoadRepository.state

        def taken(self: TrialLoadRepository, load_id: int) -> LoadState | None:
            with unit_of_work(sessions) as session:  # a worker's: the API claims none
                TrialLoadRepository(session).claim(host="host-1")
            return state(self, load_id)

        monkeypatch.setattr(TrialLoadRepository, "state", taken)
        model = publish()
        body = assert_problem(activate(hasty, model), 409, "trial-load-unfinished")
        assert "host-1 did not load the model within 0.2 s" in body["detail"]
        assert active(hasty) == []
        shown = activate(hasty, model, force=True).json()
        assert (shown["active"], shown["checked"]) == (True, False)

    @pytest.mark.usefixtures("live")
    def test_is_asked_for_neither_by_a_worse_model_nor_by_the_active_one(
        self, patient: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        good, worker = publish(version="1.0.0"), self.answer(sessions)
        activate(patient, good)
        worker.join()
        worse = publish(version="2.0.0", f1=0.1)
        assert_problem(activate(patient, worse), 409, "model-worse")
        assert activate(patient, good).json()["checked"] is False


class TestOffer:
    def test_is_the_newer_model_that_live_workers_came_with(
        self, admin: httpx.Client, publish: Publish, sessions: SessionFactory
    ) -> None:
        activate(admin, publish(version="0.3.1"))
        newer = publish(version="1.0.0")
        sha256 = admin.get(f"/v1/models/{newer}").json()["sha256"]

        def told() -> dict[str, bool]:
            rows = admin.get("/v1/models").json()["data"]
            return {row["version"]: row["offered"] for row in rows}

        assert told() == {"1.0.0": False, "0.3.1": False}
        with unit_of_work(sessions) as session:
            row = worker_row("paper-0.3.1+0", shipped=sha256)
            session.add(row)
        assert told() == {"1.0.0": True, "0.3.1": False}
        with unit_of_work(sessions) as session:
            session.delete(session.merge(row))
        activate(admin, newer)
        admin.post("/v1/models/rollback")
        with unit_of_work(sessions) as session:
            session.add(worker_row("paper-0.3.1+0", shipped=sha256))
        assert told() == {"1.0.0": False, "0.3.1": False}


class TestRollBack:
    def test_goes_back_one_at_a_time_and_stops_at_the_first(
        self, admin: httpx.Client, publish: Publish
    ) -> None:
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            activate(admin, publish(version=version))
        for version in ("2.0.0", "1.0.0"):
            shown = admin.post("/v1/models/rollback").json()
            assert (shown["version"], shown["active"]) == (version, True)
            assert active(admin) == [version]
        assert_problem(admin.post("/v1/models/rollback"), 409, "nothing-to-roll-back")
        assert active(admin) == ["1.0.0"]

    def test_needs_a_model(self, admin: httpx.Client) -> None:
        assert_problem(admin.post("/v1/models/rollback"), 409, "nothing-to-roll-back")


class TestCanary:
    @pytest.fixture
    def candidate(self, admin: httpx.Client, publish: Publish) -> str:
        """A candidate beside an active model."""
        activate(admin, publish(version="1.0.0"))
        return publish(version="2.0.0")

    def put(self, client: httpx.Client, model: str, share: Any = 0.25) -> httpx.Response:
        return client.put("/v1/models/canary", json={"model": model, "share": share})

    def test_starts_at_nothing(
        self, client: httpx.Client, admin: httpx.Client, candidate: str
    ) -> None:
        response = self.put(admin, candidate)
        shown = response.json()
        assert response.status_code == 200
        assert shown == client.get("/v1/models/canary").json()
        assert (shown["candidate"]["id"], shown["candidate"]["canary"]) == (candidate, True)
        assert (shown["baseline"]["version"], shown["baseline"]["canary"]) == ("1.0.0", False)
        assert (shown["share"], shown["faces"], shown["agreement"]) == (0.25, 0, None)
        marked = {row["id"] for row in client.get("/v1/models").json()["data"] if row["canary"]}
        assert marked == {candidate}

    def test_reports_what_the_workers_counted(
        self,
        client: httpx.Client,
        admin: httpx.Client,
        candidate: str,
        sessions: SessionFactory,
    ) -> None:
        self.put(admin, candidate)
        with unit_of_work(sessions) as session:
            row = session.scalar(
                select(Model).where(Model.public_id == parse_id(IdKind.MODEL, candidate))
            )
            assert row is not None
            found = Agreement(photos=3, faces=4, agreed=3, abs_dp=0.2)
            record_canary(session, model_id=row.id, found=found)
        shown = client.get("/v1/models/canary").json()
        assert (shown["chunks"], shown["photos"], shown["faces"]) == (1, 3, 4)
        assert shown["agreement"] == 0.75
        assert shown["mean_abs_dp"] == pytest.approx(0.05)

    def test_is_replaced_by_another(
        self, client: httpx.Client, admin: httpx.Client, candidate: str, publish: Publish
    ) -> None:
        other = publish(version="3.0.0")
        self.put(admin, candidate)
        self.put(admin, other, 1)
        shown = client.get("/v1/models/canary").json()
        assert (shown["candidate"]["id"], shown["share"]) == (other, 1.0)

    def test_ends_when_it_is_stopped_or_activated(
        self, client: httpx.Client, admin: httpx.Client, candidate: str
    ) -> None:
        self.put(admin, candidate)
        for _ in range(2):
            assert admin.delete("/v1/models/canary").status_code == 204
        assert_problem(client.get("/v1/models/canary"), 404, "not-found")
        self.put(admin, candidate)
        assert activate(admin, candidate).json()["canary"] is False
        assert_problem(client.get("/v1/models/canary"), 404, "not-found")

    def test_cannot_be_the_active_model(
        self, admin: httpx.Client, candidate: str, client: httpx.Client
    ) -> None:
        activate(admin, candidate)
        assert_problem(self.put(admin, candidate), 409, "canary-is-active")
        assert_problem(self.put(admin, UNKNOWN), 404, "not-found")
        assert_problem(client.get("/v1/models/canary"), 404, "not-found")

    @pytest.mark.parametrize("share", [0, -0.1, 1.01, "0.1", None, True])
    def test_takes_a_share_of_the_chunks(
        self, admin: httpx.Client, candidate: str, share: Any
    ) -> None:
        body = assert_problem(self.put(admin, candidate, share), 422, "validation")
        assert pointers(body) == ["#/share"]
