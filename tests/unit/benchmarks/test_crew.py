import os

import pytest

from benchmarks.crew import hired, share


class Counter:
    """Stands for a loaded model; lives in the processes of a crew."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._count = 0

    def count(self, number: int, of: int, by: int) -> tuple[int, int, int]:
        self._count += self._step * by
        return number, of, self._count

    def process(self, number: int, of: int) -> int:
        return os.getpid() + 0 * number * of

    def fail(self, number: int, of: int) -> None:
        raise LookupError(f"{number} of {of}")


class TestCrew:
    def test_each_member_keeps_its_own_state_between_calls(self) -> None:
        with hired(Counter, 2, size=2) as crew:
            assert crew.call("count", 1) == [(0, 2, 2), (1, 2, 2)]
            assert crew.call("count", 1, members=1) == [(0, 1, 4)]
            seconds, answers = crew.timed("count", 1)
            assert answers == [(0, 2, 6), (1, 2, 4)]
            assert seconds > 0
            processes = crew.call("process")
            assert len({os.getpid(), *processes}) == 3
            now, peak = crew.rss_mb(), crew.peak_mb()
            assert all(0 < memory <= most for memory, most in zip(now, peak, strict=True))

    def test_a_failed_process_is_an_error(self) -> None:
        with hired(Counter, 1, size=1) as crew, pytest.raises(RuntimeError, match="traceback"):
            crew.call("fail")


class TestShare:
    def test_deals_to_and_fro(self) -> None:
        items = range(1, 9)
        assert share(items, 0, 2) == [1, 4, 5, 8]
        assert share(items, 1, 2) == [2, 3, 6, 7]

    @pytest.mark.parametrize("of", [1, 2, 3, 5])
    def test_loses_nothing(self, of: int) -> None:
        dealt = [item for number in range(of) for item in share(range(13), number, of)]
        assert sorted(dealt) == list(range(13))
