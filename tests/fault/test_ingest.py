"""Photos by URL: their hosts misbehave, fetchers and servers die, each photo ends once."""

import json
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from infra.local.processes import Child
from services.common.db.session import unit_of_work
from services.common.db.tables import Item, UrlFetch
from services.common.domain.ids import new_uuid7
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, submit
from tests.fault.chaos import Chaos, Progress, run_chaos
from tests.fault.oracle import check_accounts
from tests.fixtures.factories import MadeJob, Rows
from tests.fixtures.fleet import Fleet, wait_until
from tests.fixtures.jobs import RULES
from tests.fixtures.photo_host import PhotoHost, photo_host

THREADS = 8
# Everything short: two tries in place of six, a lease of 5 s in place of 60.
SHORT_FETCH = {
    "HFER_FETCH__ALLOW_HTTP": "true",
    "HFER_FETCH__ALLOW_NETWORKS": json.dumps(["127.0.0.0/8", "::1/128"]),
    "HFER_FETCH__THREADS": str(THREADS),
    "HFER_FETCH__TRIES": "2",
    "HFER_FETCH__INTERVAL_S": "0.05",
    "HFER_FETCH__LEASE_S": "5",
    "HFER_FETCH__SHUTDOWN_S": "0.2",
}
# Only where no answer is meant to come in time: on a starved machine a healthy one takes seconds.
IMPATIENT = {"HFER_FETCH__STEP_S": "0.5", "HFER_FETCH__TOTAL_S": "1"}


@pytest.fixture
def host() -> Iterator[PhotoHost]:
    with photo_host() as host:
        yield host


def start_ingest(fleet: Fleet, host: PhotoHost, name: str = "ingest", **env: str) -> Child:
    ports = {"HFER_FETCH__PORTS": json.dumps([80, host.port])}
    return fleet.start_ingest(name, **{**SHORT_FETCH, **ports, **env})


def start_all(fleet: Fleet, host: PhotoHost, *, fetchers: int = 1, **env: str) -> None:
    fleet.start_maintenance()
    fleet.start_worker()
    for number in range(1, fetchers + 1):
        start_ingest(fleet, host, f"ingest-{number}", **env)


def make_url_job(fleet: Fleet, urls: list[str], *, tenant: str = "acme") -> MadeJob:
    items = [NewItem(new_uuid7(), "a.jpg", None, 0, source_url=url) for url in urls]
    with unit_of_work(fleet.sessions) as session:
        job = submit(session, Submission(tenant, items), rules=RULES).job
        ids = session.scalars(select(Item.id).where(Item.job_id == job.id).order_by(Item.seq))
        return MadeJob(job.id, list(ids))


def codes(rows: Rows, job: MadeJob) -> list[str]:
    outcomes = rows.outcomes(job.id)
    return [outcomes[item].error_code or "ok" for item in job.items]


def held(fleet: Fleet) -> int:
    with unit_of_work(fleet.sessions) as session:
        query = select(func.count()).select_from(UrlFetch).where(UrlFetch.token.is_not(None))
        return session.scalar(query) or 0


def test_whatever_a_host_does_each_photo_ends_with_its_code(
    fleet: Fleet, host: PhotoHost, rows: Rows
) -> None:
    fates = {
        "busy/1": "ok",
        "away/1": "ok",
        "ill/1": "fetch_failed",
        "short/1": "fetch_failed",
        "inside/1": "fetch_blocked",
        "gone/1": "fetch_failed",
    }
    healthy = [f"ok/{number}" for number in range(20)]
    # On a host of its own each, so far as loopback has names: a 429 rests its host.
    urls = [host.url(path, host="localhost" if "busy" in path else "127.0.0.1") for path in fates]
    job = make_url_job(fleet, [*urls, *map(host.url, healthy)])
    start_all(fleet, host)
    run_chaos(Progress(rows, job), [], timeout_s=120)
    check_accounts(fleet.sessions, job.id, total=len(job.items))
    found = codes(rows, job)
    assert dict(zip(fates, found, strict=False)) == fates
    assert set(found[len(fates) :]) == {"ok"}
    # What may pass was asked again, not before Retry-After; what may not was asked once.
    tries = {path: host.asked[path] for path in fates}
    once = {"inside/1", "gone/1"}
    assert tries == {path: 1 if path in once else 2 for path in fates}
    for path in ("busy/1", "away/1"):
        first, second = host.asked_at[path]
        assert second - first >= 1
    assert set(rows.outcomes(job.id)) == set(job.items)


def test_hosts_that_never_end_an_answer_are_given_up(
    fleet: Fleet, host: PhotoHost, rows: Rows
) -> None:
    paths = ["hang/1", "drip/1"]
    job = make_url_job(fleet, [host.url(path) for path in paths])
    start_all(fleet, host, **IMPATIENT)
    run_chaos(Progress(rows, job), [], timeout_s=120)
    assert codes(rows, job) == ["fetch_failed"] * 2
    assert all(0 < host.asked[path] <= 2 for path in paths)


def test_fetchers_share_the_work_and_one_that_dies_costs_only_what_it_held(
    fleet: Fleet, host: PhotoHost, rows: Rows
) -> None:
    hosts = ("127.0.0.1", "localhost")
    paths = [f"ok/{number}" for number in range(80)]
    start_all(fleet, host, fetchers=2, HFER_FETCH__STEP_S="300", HFER_FETCH__TOTAL_S="300")
    wait_until(lambda: fleet.worker_rows() >= 3, timeout_s=60, what="two fetchers and a worker")
    first = make_url_job(fleet, [host.url(p, host=hosts[n % 2]) for n, p in enumerate(paths)])
    run_chaos(Progress(rows, first), [], timeout_s=120)
    assert set(codes(rows, first)) == {"ok"}
    assert Counter(host.asked.values()) == {1: len(paths)}

    hanging = [f"hang/{number}" for number in range(4)]
    urls = [host.url(p, host=hosts[n % 2]) for n, p in enumerate([*hanging, *paths])]
    host.asked.clear()
    second = make_url_job(fleet, urls)
    wait_until(lambda: host.asked_of("hang") >= 3, timeout_s=60, what="photos in hand")
    assert held(fleet) <= 2 * THREADS
    Chaos(fleet).kill_ingest()
    host.over.set()  # from now on it hangs up where it would hang
    run_chaos(Progress(rows, second), [], timeout_s=120)
    check_accounts(fleet.sessions, second.id, total=len(urls))
    assert Counter(codes(rows, second)) == {"ok": len(paths), "fetch_failed": len(hanging)}
    again = sum(host.asked[path] - 1 for path in paths)
    assert again <= THREADS


def test_outages_of_bucket_and_database_are_no_photos_fault(
    fleet: Fleet, host: PhotoHost, rows: Rows
) -> None:
    urls = [
        host.url(f"ok/{number}", host=name)
        for number in range(60)
        for name in ("127.0.0.1", "localhost")
    ]
    chaos = Chaos(fleet)
    start_all(fleet, host)
    job = make_url_job(fleet, urls)
    wait_until(lambda: host.asked_of("ok") > 20, timeout_s=60, what="a start")
    chaos.kill_s3(down_s=0.5)
    asked = host.asked_of("ok")
    wait_until(lambda: host.asked_of("ok") > asked + 20, timeout_s=60, what="a new start")
    chaos.restart_postgres()
    run_chaos(Progress(rows, job), [], timeout_s=120)
    found = check_accounts(fleet.sessions, job.id, total=len(urls))
    assert found == {"ok": len(urls)}


def test_a_slow_host_holds_up_neither_its_job_nor_other_tenants(
    fleet: Fleet, host: PhotoHost, rows: Rows
) -> None:
    slow = [host.url(f"hang/{number}", host="localhost") for number in range(1_999)]
    greedy = make_url_job(fleet, [*slow, host.url("ok/greedy")])
    modest = make_url_job(fleet, [host.url(f"ok/{n}") for n in range(20)], tenant="other")
    start_all(fleet, host, fetchers=2, HFER_FETCH__STEP_S="300", HFER_FETCH__TOTAL_S="300")
    run_chaos(Progress(rows, modest), [], timeout_s=120)
    assert set(codes(rows, modest)) == {"ok"}
    wait_until(
        lambda: rows.item(greedy.items[-1]).sha256 is not None, timeout_s=60, what="the quick one"
    )
    wait_until(lambda: host.asked_of("hang") >= 4, timeout_s=60, what="the slow ones in hand")
    # Nobody let go of the slow host meanwhile, and two processes did not ask more than four.
    assert host.most_at_once["hang"] == host.asked_of("hang") == 4


def test_sigterm_ends_a_fetcher_soon_and_gives_back_what_it_held(
    fleet: Fleet, host: PhotoHost
) -> None:
    child = start_ingest(fleet, host, HFER_FETCH__STEP_S="300", HFER_FETCH__TOTAL_S="300")
    make_url_job(fleet, [host.url(f"hang/{number}") for number in range(4)])
    wait_until(lambda: host.asked_of("hang") == 4, timeout_s=60, what="photos in hand")
    wait_until(lambda: fleet.worker_rows() == 1, timeout_s=60, what="a sign of life")
    assert held(fleet) == 4
    child.send(signal.SIGTERM)
    wait_until(lambda: child.returncode is not None, timeout_s=120, what="an orderly end")
    assert child.returncode == 0
    assert (held(fleet), fleet.worker_rows()) == (0, 0)
    with unit_of_work(fleet.sessions) as session:
        assert set(session.scalars(select(UrlFetch.attempts))) == {0}
