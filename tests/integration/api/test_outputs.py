"""What a key with the output `aggregate` sees: counts, and nothing of a face, wherever it asks."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from starlette.routing import Route

from services.api.app import create_app
from services.common.config import Settings
from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.db.webhook_tables import WebhookEvent
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus, JobStatus
from services.common.domain.webhooks import EventType
from services.common.jobs.queue.closing import announce_ends
from services.common.keys.outputs import OutputMode
from services.common.keys.service import Scope, issue_key
from services.common.webhooks.service import create_endpoint
from services.web.app import create_app as create_page
from services.web.settings import WebSettings
from tests.fixtures.jobs import seed_job
from tests.fixtures.serving import Api, StartApi, assert_problem, files, served
from tests.fixtures.settings import DEAD, SettingsMaker, build_settings
from tests.fixtures.webhooks import BOX
from tests.unit.api.test_outputs import SHOWS_FACES, SHOWS_FACES_PLAIN

OPEN_PATHS = {"/healthz", "/readyz", "/metrics", "/version", "/problems", "/problems/{code}"}
# What only answers about faces hold.
OF_FACES = ("box", "landmarks", "detection_confidence", "margin", "mean_p", "content_sha256")
FAKE = {
    "job_id": f"job_{'0' * 32}",
    "item_id": f"itm_{'0' * 32}",
    "upload_id": f"upl_{'0' * 32}",
    "endpoint_id": f"whe_{'0' * 32}",
    "message_id": f"msg_{'0' * 32}",
    "model_id": f"mdl_{'0' * 32}",
    "key_id": f"key_{'0' * 32}",
    "name": "bundle.json",
    "tenant": "nobody",
    "face_index": "0",
    "dataset_id": f"dst_{'0' * 32}",
    "draw_id": f"drw_{'0' * 32}",
}


def operations() -> dict[tuple[str, str], list[set[str]]]:
    """Every operation that needs a key, with the sets of scopes of which one opens it."""
    app = create_app(build_settings(DEAD, compat={"enabled": True}))
    return {
        (method.upper(), path): [set(way["HTTPBearer"]) for way in operation["security"]]
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if path not in OPEN_PATHS
    }


def keyed(
    api: Api, *scopes: Scope, output: OutputMode = OutputMode.AGGREGATE, tenant: str = "default"
) -> httpx.Client:
    """Return a client whose key has the output mode."""
    with unit_of_work(api.sessions) as session:
        issued = issue_key(
            session, tenant=tenant, name="k", scopes=scopes, environment="dev", output=output
        )
    return api.client(key=issued.secret)


def call(client: httpx.Client, method: str, path: str, ids: dict[str, str]) -> httpx.Response:
    body: dict[str, Any] = {"files": {"files": b"x"}} if method == "POST" else {}
    if (method, path) == ("POST", "/v1/api-keys"):
        body = {"json": {"name": "n", "scopes": ["jobs:read"]}}
    return client.request(method, path.format(**ids), **body)


# What the page shows of a job to a key that sees no face: its state, counts of the group, the form
# to run it again, and the votes of nobody on nothing.
NOT_OF_FACES = frozenset({"", "/state", "/parts", "/rerun", "/grid/votes"})


def shows_no_face(answer: httpx.Response) -> bool:
    words = any(f'"{word}"' in answer.text for word in OF_FACES)
    return not (words or answer.headers["content-type"].startswith(("image/", "text/csv")))


@pytest.fixture
def compat_api(start_api: StartApi, make_settings: SettingsMaker) -> Api:
    return start_api(make_settings(compat={"enabled": True}))


class TestMatrix:
    def test_every_operation_by_mode_and_scope(self, compat_api: Api) -> None:
        """Refused for the output exactly where faces are shown, for the scope as ever."""
        known = operations()
        assert set(known) >= SHOWS_FACES
        every = [[scope] for scope in sorted(set(Scope) - {Scope.ADMIN})]
        for scopes in [*every, sorted(set(Scope) - {Scope.ADMIN})]:
            client = keyed(compat_api, *scopes)
            for (method, path), ways in known.items():
                response = call(client, method, path, FAKE)
                refused = response.json()["code"] if response.status_code == 403 else None
                allowed = any(way <= set(scopes) for way in ways)
                if not allowed:
                    assert refused == "insufficient-scope", (scopes, method, path)
                elif (method, path) in SHOWS_FACES:
                    assert refused == "output-restricted", (scopes, method, path)
                else:
                    assert refused is None, (scopes, method, path)

    @pytest.mark.parametrize("output", [OutputMode.FULL, OutputMode.BLURRED])
    def test_wider_keys_are_refused_nothing_for_their_output(
        self, compat_api: Api, output: OutputMode
    ) -> None:
        own = (Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.REVIEW)
        client = keyed(compat_api, *own, output=output)
        for method, path in sorted(SHOWS_FACES):
            refused = call(client, method, path, FAKE).status_code == 403
            for_others = output is OutputMode.BLURRED and (method, path) in SHOWS_FACES_PLAIN
            assert refused == for_others, (method, path)


class TestAnswers:
    def test_no_answer_about_a_job_with_faces_holds_one(
        self, compat_api: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, [ItemStatus.SUCCEEDED] * 6)
        ids = FAKE | {
            "job_id": format_id(IdKind.JOB, seeded.job.public_id),
            "item_id": format_id(IdKind.ITEM, seeded.items[0].public_id),
        }
        full = keyed(compat_api, Scope.JOBS_READ, output=OutputMode.FULL)
        shown = full.get(f"/v1/jobs/{ids['job_id']}/results").text
        assert all(f'"{word}"' in shown for word in OF_FACES if word != "mean_p")
        scopes = sorted(set(Scope) - {Scope.ADMIN})
        client = keyed(compat_api, *scopes)
        # Erasing comes last: after it there is nothing to hide.
        for method, path in sorted(operations(), key=lambda known: known[0] == "DELETE"):
            answer = call(client, method, path, ids)
            assert shows_no_face(answer), (method, path)

    def test_counts_are_told_of_a_final_job_and_hide_what_is_small(
        self, compat_api: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            few, many = (seed_job(session, [ItemStatus.SUCCEEDED] * n) for n in (4, 6))
        client = keyed(compat_api, Scope.JOBS_READ)
        small, large = (
            client.get(f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}/counts")
            for seeded in (few, many)
        )
        assert small.json() == {"faces": None, "groups": []}
        assert large.json() == {"faces": 6, "groups": []}
        with unit_of_work(sessions) as session:
            running = {"status": JobStatus.RUNNING, "finished_at": None}
            session.execute(update(Job).where(Job.id == many.job.id).values(**running))
        path = f"/v1/jobs/{format_id(IdKind.JOB, many.job.public_id)}/counts"
        assert_problem(client.get(path), 409, "job-not-finished")

    def test_the_page_with_such_a_key_shows_no_face_on_any_of_its_pages(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, [ItemStatus.SUCCEEDED] * 6)
        ids = {
            "job_id": format_id(IdKind.JOB, seeded.job.public_id),
            "other_id": format_id(IdKind.JOB, seeded.job.public_id),
            "item_id": format_id(IdKind.ITEM, seeded.items[0].public_id),
            "number": 0,
        }
        client = keyed(api, Scope.JOBS_READ)
        secret = client.headers["Authorization"].removeprefix("Bearer ")
        page = create_page(WebSettings.model_validate({"api_url": api.url, "api_key": secret}))
        paths = [
            route.path_format.format(**ids, kind=kind, form=kind)
            for route in page.routes
            if isinstance(route, Route) and "{job_id}" in route.path and "GET" in route.methods
            for kind in ("annotated", "medium", "csv", "zip")
        ]
        with served(page) as url, httpx.Client(base_url=url, trust_env=False) as visitor:
            assert len(set(paths)) >= 8
            for path in sorted(set(paths)):
                asked = {"index": "0", "face": "0.0"}
                answer = visitor.get(path, params=asked, timeout=60)
                opened = path.removeprefix(f"/jobs/{ids['job_id']}") in NOT_OF_FACES
                assert answer.is_success == opened, path
                assert answer.is_redirect or shows_no_face(answer), path
                assert "happiness" not in answer.text.lower(), path

    def test_messages_hold_counts_of_photos_and_nothing_of_faces(
        self, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            events = [EventType.JOB_SUCCEEDED]
            create_endpoint(
                session,
                "default",
                url="https://example.org/",
                events=events,
                description=None,
                box=BOX,
                most=1,
            )
            announce_ends(session, [seed_job(session, [ItemStatus.SUCCEEDED] * 6).job])
            [data] = session.scalars(select(WebhookEvent.data))
        assert set(data) == {"id", "status", "client_ref", "counts"}
        assert all(isinstance(count, int) for count in data["counts"].values())

    def test_a_wait_gives_no_results(self, api: Api) -> None:
        client = keyed(api, Scope.JOBS_READ, Scope.JOBS_SUBMIT)
        answer = client.post("/v1/jobs", files=files(b"x"), headers={"Prefer": "wait=30"})
        assert answer.status_code == 202
        assert "results" not in answer.json()


class TestKeys:
    def test_the_mode_is_shown_stays_at_a_roll_and_is_no_operators(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        operator = api.client(Scope.ADMIN)
        wanted = {"name": "board", "scopes": ["jobs:read"], "output": "aggregate"}
        made = operator.post("/v1/api-keys", json=wanted).json()
        rolled = operator.post(f"/v1/api-keys/{made['id']}/roll", json={}).json()
        assert (made["output"], rolled["output"]) == ("aggregate", "aggregate")
        assert operator.get("/v1/api-keys").json()["data"][0]["output"] == "aggregate"
        for secret in (made["secret"], rolled["secret"]):
            client = api.client(key=secret)
            assert client.get("/v1/api-keys/current").json()["output"] == "aggregate"
            refused = client.get(f"/v1/jobs/{FAKE['job_id']}/results")
            assert_problem(refused, 403, "output-restricted")
        admin = {**wanted, "scopes": ["admin"]}
        problem = assert_problem(operator.post("/v1/api-keys", json=admin), 422, "validation")
        assert problem["errors"][0]["pointer"] == "#/output"
        with sessions() as session:
            assert set(session.scalars(select(ApiKey.output))) == {"full", "aggregate"}

    def test_nor_does_the_standing_key_of_old_clients_show_faces(
        self, start_api: StartApi, make_settings: SettingsMaker, settings: Settings
    ) -> None:
        plain = start_api(settings)
        client = keyed(plain, Scope.JOBS_READ, Scope.JOBS_SUBMIT)
        secret = client.headers["Authorization"].removeprefix("Bearer ")
        compat = {"enabled": True, "anonymous_key": secret}
        api = start_api(make_settings(compat=compat))
        refused = api.anonymous().post("/upload_image", files={"image": b"x"})
        assert_problem(refused, 403, "output-restricted")
