from services.trainer.training.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def stepped(pace: Pace, clock: Clock, *, seconds: float) -> None:
    clock.now += seconds
    pace.stepped(64)


class TestPace:
    def test_has_no_figure_after_the_step_that_compiles(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        assert pace.rate == 0
        stepped(pace, clock, seconds=30)
        assert pace.rate == 0

    def test_is_images_over_the_time_of_steps(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        for seconds in (30, 0.5, 1.5):
            stepped(pace, clock, seconds=seconds)
        assert pace.rate == 64.0

    def test_leaves_a_validation_out(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        stepped(pace, clock, seconds=30)
        clock.now += 60
        pace.resume()
        stepped(pace, clock, seconds=2)
        assert pace.rate == 32.0

    def test_starts_anew_once_taken(self) -> None:
        clock = Clock()
        pace = Pace(clock)
        stepped(pace, clock, seconds=30)
        stepped(pace, clock, seconds=1)
        assert pace.take() == 64.0
        stepped(pace, clock, seconds=2)
        assert pace.take() == 32.0
