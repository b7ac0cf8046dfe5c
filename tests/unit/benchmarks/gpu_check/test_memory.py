import os
import threading

from benchmarks.gpu_check.memory import Peak, process_memory_mb, watched


class TestPeak:
    def test_is_the_largest_reading(self) -> None:
        readings = iter([3.0, None, 7.0, 5.0])
        peak = Peak(lambda: next(readings))
        for _ in range(4):
            peak.look()
        assert peak.most == 7

    def test_of_no_reading_is_unknown(self) -> None:
        peak = Peak(lambda: None)
        peak.look()
        assert peak.most is None


class TestWatched:
    def test_reads_until_the_context_ends(self) -> None:
        readings, enough = iter(range(1_000_000)), threading.Event()

        def read() -> float:
            number = next(readings)
            if number == 3:
                enough.set()
            return float(number)

        with watched(read, every_s=0) as peak:
            assert enough.wait(60)
        after = peak.most
        assert after is not None
        assert after >= 3
        assert next(readings) == after + 1


class TestProcessMemory:
    def test_of_a_process_is_what_it_has(self) -> None:
        mine = process_memory_mb(os.getpid())
        assert mine is not None
        assert 10 < mine < 100_000

    def test_of_one_that_is_gone_is_none(self) -> None:
        assert process_memory_mb(2**22 + 1) is None  # above the kernel's highest number
