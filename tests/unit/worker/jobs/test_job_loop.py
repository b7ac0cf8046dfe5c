import threading
from contextvars import ContextVar

import pytest

from services.worker.jobs.job_loop import SerialExecutor

_task: ContextVar[str] = ContextVar("task", default="none")


def test_works_in_order_beside_its_caller() -> None:
    gate, done = threading.Event(), list[int]()

    def first() -> None:
        assert gate.wait(60)
        done.append(1)

    with SerialExecutor() as serial:
        serial.submit(first)
        later = serial.submit(lambda: done.append(2))
        assert not later.done()  # the caller continues while the first waits
        gate.set()
        assert serial.call(lambda: list(done)) == [1, 2]


def test_leaving_waits_for_what_was_submitted() -> None:
    done: list[int] = []
    with SerialExecutor() as serial:
        serial.submit(lambda: done.append(1))
    assert done == [1]


def test_an_error_reaches_the_caller_and_the_next_call_is_made() -> None:
    with SerialExecutor() as serial:
        failing = serial.submit(lambda: 1 // 0)
        assert serial.call(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            failing.result()


def test_log_context_of_the_caller_is_kept() -> None:
    _task.set("mine")
    with SerialExecutor() as serial:
        assert serial.call(_task.get) == "mine"
