import threading
from collections.abc import Iterator

import pytest

from services.backup.parallel import each


def test_every_thing_is_done_once() -> None:
    assert sorted(each(lambda n: 2 * n, range(500), threads=4)) == list(range(0, 1_000, 2))


def test_a_long_list_is_read_as_it_is_worked_on() -> None:
    read = 0

    def things() -> Iterator[int]:
        nonlocal read
        for number in range(10_000):
            read = number
            yield number

    assert next(each(lambda n: n, things(), threads=2)) >= 0
    assert read < 100


def test_the_first_failure_ends_it() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> int:
        with lock:
            begun.append(number)
        if number == 5:
            raise OSError("the disk is full")
        return number

    with pytest.raises(OSError, match="disk is full"):
        list(each(work, range(10_000), threads=2))
    assert len(begun) < 100
