import pytest

from benchmarks.gpu_check.training import Stopwatch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def stopwatch(*epochs: list[float], seconds: float = 10, clock: Clock | None = None) -> Stopwatch:
    watch = Stopwatch(seconds, clock=clock or Clock())
    step = 0
    for number, rates in enumerate(epochs, start=1):
        for rate in rates:
            step += 1
            watch.stepped(step=step, loss=1.0, images_per_second=rate)
        watch.finished_epoch(epoch=number, loss=1.0, accuracy=0.5)
    return watch


class TestImagesPerSecond:
    def test_leaves_out_the_first_epoch_in_which_kernels_are_compiled(self) -> None:
        watch = stopwatch([0, 5], [100, 300], [100, 320], [100, 310])
        assert watch.images_per_second == 310

    def test_of_a_session_within_its_first_epoch_is_what_it_reached(self) -> None:
        watch = Stopwatch(1)
        for rate in (0, 2, 3):
            watch.stepped(step=1, loss=1.0, images_per_second=rate)
        assert watch.images_per_second == 3

    def test_needs_two_steps(self) -> None:
        watch = Stopwatch(1)
        watch.stepped(step=1, loss=1.0, images_per_second=0)
        with pytest.raises(RuntimeError, match="no two training steps"):
            _ = watch.images_per_second


class TestEnough:
    def test_counts_the_seconds_from_the_first_step(self) -> None:
        clock = Clock()
        watch = Stopwatch(10, clock=clock)
        clock.now += 60  # the graph is compiled
        for step in range(1, 6):
            watch.stepped(step=step, loss=1.0, images_per_second=1)
        assert not watch.is_enough()
        clock.now += 10
        assert watch.is_enough()

    def test_some_steps_are_made_however_slow_they_are(self) -> None:
        clock = Clock()
        watch = Stopwatch(10, clock=clock)
        for step in range(1, 4):
            watch.stepped(step=step, loss=1.0, images_per_second=1)
            clock.now += 100
        assert not watch.is_enough()
        watch.stepped(step=4, loss=1.0, images_per_second=1)
        assert watch.is_enough()
