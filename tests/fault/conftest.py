"""One set of servers for the whole folder, a clean database and no process at each start."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.local.processes import Supervisor
from infra.local.servers import Servers
from services.common.db.session import unit_of_work
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import Fleet, fleet_on, running_servers


@pytest.fixture(scope="session")
def fault_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Servers, Supervisor]]:
    with running_servers(tmp_path_factory.mktemp("fault")) as running:
        yield running


@pytest.fixture
def fleet(fault_servers: tuple[Servers, Supervisor], tmp_path: Path) -> Iterator[Fleet]:
    servers, supervisor = fault_servers
    with fleet_on(tmp_path, servers, supervisor) as fleet:
        with unit_of_work(fleet.sessions) as session:
            session.execute(
                text("TRUNCATE job, worker, model, doomed_object, doomed_prefix, erasure CASCADE")
            )
        fleet.flush_redis()
        yield fleet


@pytest.fixture
def make_job(fleet: Fleet) -> JobMaker:
    return JobMaker(fleet.sessions, fleet.storage)


@pytest.fixture
def rows(fleet: Fleet) -> Rows:
    return Rows(fleet.sessions)
