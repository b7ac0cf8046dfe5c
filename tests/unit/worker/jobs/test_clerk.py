import threading
from contextvars import ContextVar

import pytest

from services.worker.jobs.clerk import Clerk

_task: ContextVar[str] = ContextVar("task", default="none")


def test_works_in_order_beside_its_caller() -> None:
    gate, done = threading.Event(), list[int]()

    def first() -> None:
        assert gate.wait(5)
        done.append(1)

    with Clerk() as clerk:
        clerk.begin(first)
        later = clerk.begin(lambda: done.append(2))
        assert not later.done()  # the caller goes on while the first waits
        gate.set()
        assert clerk.do(lambda: list(done)) == [1, 2]


def test_leaving_waits_for_what_was_begun() -> None:
    done: list[int] = []
    with Clerk() as clerk:
        clerk.begin(lambda: done.append(1))
    assert done == [1]


def test_an_error_reaches_the_caller_and_the_next_piece_is_done() -> None:
    with Clerk() as clerk:
        failing = clerk.begin(lambda: 1 // 0)
        assert clerk.do(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            failing.result()


def test_log_context_of_the_caller_is_kept() -> None:
    _task.set("mine")
    with Clerk() as clerk:
        assert clerk.do(_task.get) == "mine"
