"""Two worker hosts and a hub with the servers, each in a network namespace of its own.

A job runs over both hosts; one is unplugged half way, so that its connections stay half open;
the job must end whole; plugged in again the host must recover by itself and work on the next
job. Prints a table; the exit code is 1 when something did not hold. Needs root and iproute2:

    python -m tests.fault.two_hosts
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

import httpx
from sqlalchemy import func, select

from services.common.db.session import unit_of_work
from services.common.db.tables import Item, Job, Worker
from services.common.domain.jobs import ItemState
from tests.fault.network import HUB, Network, network
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import NAMED_BY_HOST, fake_photo
from tests.fixtures.factories import MadeJob, Rows
from tests.fixtures.fleet import Fleet, fleet_on, running_servers, wait_until

HOSTS = ("host-1", "host-2")
PHOTOS = [fake_photo(number) for number in range(800)]
API_PORT = 8000
ADMIN_KEY = "hfer_two_hosts_admin_key_of_a_closed_network"
LEASE_S = 5  # `SHORT` of the fleet
# What is left of the job for one host, twice over, and the lease of what the other one held.
END_S = LEASE_S + 45
RECOVERY_S = 20
STOP_S = 60
REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    """Build the network, run the scenario within its hub, take the network down."""
    parser = argparse.ArgumentParser(description=__doc__)
    # TCP resends what it has sent in vain after some 51, 102 and 205 s: just before one of them
    # a connection that does not time out would seem to recover by itself.
    parser.add_argument("--outage", type=float, default=75, help="seconds until joined again")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupted)
    if options.inside:
        return scenario(Network(mark=options.inside, hosts=HOSTS), outage_s=options.outage)
    if os.geteuid() != 0:
        raise SystemExit("error: network namespaces need root")
    with network(HOSTS) as made:
        hub = ("ip", "netns", "exec", made.hub)
        again = (sys.executable, "-m", "tests.fault.two_hosts", "--inside", made.mark)
        inside = subprocess.Popen([*hub, *again, "--outage", str(options.outage)], cwd=REPOSITORY)
        try:
            return inside.wait()
        finally:
            inside.terminate()  # not killed: it has servers to stop
            inside.wait(STOP_S)


def scenario(made: Network, *, outage_s: float) -> int:
    """Play it; 0 when everything held."""
    with (
        tempfile.TemporaryDirectory(prefix="hfer-two-hosts-") as folder,
        running_servers(Path(folder), host=HUB) as (servers, supervisor),
        fleet_on(Path(folder), servers, supervisor) as fleet,
    ):
        start(fleet, made)
        try:
            play(fleet, made, outage_s=outage_s)
        except AssertionError as error:
            say(f"FAILED: {error}")
            for host in HOSTS:
                say(fleet.log(f"worker-{host}")[-2_000:])
            return 1
    say("Every photo has one outcome, and the host came back by itself.")
    return 0


def start(fleet: Fleet, made: Network) -> None:
    fleet.start_api(
        HFER_ENVIRONMENT="dev",
        HFER_API__HOST=HUB,
        HFER_API__PORT=str(API_PORT),
        HFER_API__ADMIN_KEY=ADMIN_KEY,
    )
    fleet.start_maintenance()
    for host in HOSTS:
        fleet.start_worker(
            f"worker-{host}",
            wrapper=made.inside(host),
            HFER_WORKER__ANALYSER=NAMED_BY_HOST,
            HFER_TEST_HOST=host,
        )
    fleet.wait_ready(len(HOSTS))


def play(fleet: Fleet, made: Network, *, outage_s: float) -> None:
    lost = HOSTS[1]
    api = client()
    rows = Rows(fleet.sessions)
    job = submit(fleet, api)
    wait_until(
        lambda: len(by_host(rows, job)) == len(HOSTS) and share(rows, job) >= 0.4,
        timeout_s=60,
        what="work of both hosts on the first job",
    )
    made.cut(lost)
    cut_at = time.monotonic()
    before = by_host(rows, job)
    held = sum(item.state == ItemState.LEASED for item in rows.items(job.id))
    ended_s = wait_until(lambda: finished(rows, job), timeout_s=END_S, what="the end of job 1")
    check_oracle(fleet.sessions, job.id, PHOTOS)
    first = by_host(rows, job)
    # The outage itself: long enough that resending alone would come back minutes later.
    time.sleep(max(0.0, outage_s - (time.monotonic() - cut_at)))
    plugged_at = rows.now()
    made.plug(lost)
    recovered_s = wait_until(
        lambda: beats(fleet, after=plugged_at) == len(HOSTS),
        timeout_s=RECOVERY_S,
        what=f"a sign of life of {lost} after {outage_s:.0f} s without network",
    )
    job_2 = submit(fleet, api)
    took_s = wait_until(lambda: finished(rows, job_2), timeout_s=60, what="the end of job 2")
    check_oracle(fleet.sessions, job_2.id, PHOTOS, attempts=1)
    second = by_host(rows, job_2)
    say(f"{'photos by':<28}{HOSTS[0]:>8}{HOSTS[1]:>8}{'sum':>8}")
    table = {"job 1, when host-2 was cut": before, "job 1, at its end": first, "job 2": second}
    for label, counts in table.items():
        say(
            f"{label:<28}"
            + "".join(f"{counts[host]:>8}" for host in HOSTS)
            + f"{counts.total():>8}"
        )
    say(
        f"under a lease at the cut: {held}; job 1 ended {ended_s:.1f} s after it"
        f" (lease {LEASE_S} s)"
    )
    say(f"host-2 beat {recovered_s:.1f} s after {outage_s:.0f} s of outage; job 2: {took_s:.1f} s")
    assert all(second[host] for host in HOSTS), f"job 2 ran on one host alone: {second}"


def client() -> httpx.Client:
    """A client of the API with a key of its own."""
    url = f"http://{HUB}:{API_PORT}"
    wait_until(lambda: answers(url), timeout_s=60, what="the API")
    admin = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    body = {"tenant": "acme", "name": "two-hosts", "scopes": ["jobs:write", "jobs:read"]}
    with admin:
        key = admin.post("/v1/api-keys", json=body).raise_for_status().json()["secret"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False


def submit(fleet: Fleet, api: httpx.Client) -> MadeJob:
    files = [("files", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(PHOTOS)]
    public_id = api.post("/v1/jobs", files=files).raise_for_status().json()["id"]
    with unit_of_work(fleet.sessions) as session:
        newest = session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
        items = session.scalars(select(Item.id).where(Item.job_id == newest.id).order_by(Item.seq))
        assert newest.total == len(PHOTOS), public_id
        return MadeJob(newest.id, list(items))


def by_host(rows: Rows, job: MadeJob) -> Counter[str]:
    """How many photos of a job each host did: its outcomes bear its name."""
    return Counter(outcome.model_version or "?" for outcome in rows.outcomes(job.id).values())


def share(rows: Rows, job: MadeJob) -> float:
    return len(rows.outcomes(job.id)) / len(job.items)


def finished(rows: Rows, job: MadeJob) -> bool:
    return rows.job(job.id).finished_at is not None


def beats(fleet: Fleet, *, after: object) -> int:
    with unit_of_work(fleet.sessions) as session:
        fresh = select(func.count()).select_from(Worker).where(Worker.beat_at > after)
        return session.scalar(fresh) or 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
