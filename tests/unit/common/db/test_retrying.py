from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from services.common.db.retrying import RetryingDatabase
from services.common.domain.errors import TransientError

AWAY = OperationalError("SELECT 1", {}, Exception("connection refused"))
POOL = PoolTimeoutError("all connections are in use")
TAKEN = IntegrityError("INSERT", {}, Exception("duplicate key"))


class Time:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Step:
    """Fails as told, then returns how often it ran."""

    def __init__(self, *errors: SQLAlchemyError) -> None:
        self._errors: Iterator[SQLAlchemyError] = iter(errors)
        self.runs = 0

    def __call__(self, _session: Session) -> int:
        self.runs += 1
        for error in self._errors:
            raise error
        return self.runs


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def database(time: Time) -> RetryingDatabase:
    # Sessions connect on their first statement, and these steps have none.
    return RetryingDatabase(sessionmaker(), retry_for_s=10, clock=time, pause=time.pause)


def test_a_step_that_succeeds_runs_once(database: RetryingDatabase, time: Time) -> None:
    assert database.run(Step()) == 1
    assert time.pauses == []


@pytest.mark.parametrize("error", [AWAY, POOL])
def test_a_step_runs_again_while_the_database_is_away(
    database: RetryingDatabase, time: Time, error: SQLAlchemyError
) -> None:
    assert database.run(Step(error, error)) == 3
    assert time.pauses == [0.1, 0.2]


def test_gives_up_in_the_end(database: RetryingDatabase, time: Time) -> None:
    with pytest.raises(TransientError, match="database is not reachable"):
        database.run(Step(*[AWAY] * 1000))
    assert 10 <= time.now < 13
    assert max(time.pauses) == 2


def test_a_fault_of_the_statement_is_not_retried(database: RetryingDatabase, time: Time) -> None:
    step = Step(TAKEN)
    with pytest.raises(IntegrityError):
        database.run(step)
    assert (step.runs, time.pauses) == (1, [])


def test_a_connection_that_was_cut_is_retried(database: RetryingDatabase) -> None:
    cut = IntegrityError("INSERT", {}, Exception("cut"))
    cut.connection_invalidated = True
    assert database.run(Step(cut)) == 2
