from services.worker.process.watchdog import Watchdog


class Worker:
    """What the watchdog sees and does."""

    def __init__(self) -> None:
        self.hints = True
        self.starving = True
        self.now = 0.0
        self.kills = 0
        self.dog = Watchdog(
            hints_wait=lambda: self.hints,
            starving=lambda: self.starving,
            kill=self.kill,
            timeout_s=60,
            clock=lambda: self.now,
        )

    def kill(self) -> None:
        self.kills += 1

    def check_at(self, now: float) -> bool:
        self.now = now
        return self.dog.check()


def test_kills_when_starvation_lasts() -> None:
    worker = Worker()
    assert [worker.check_at(now) for now in (0, 30, 59)] == [False] * 3
    assert worker.check_at(61)
    assert worker.kills == 1


def test_forgets_a_starvation_that_passed() -> None:
    worker = Worker()
    worker.check_at(0)
    worker.starving = False
    worker.check_at(50)
    worker.starving = True
    assert [worker.check_at(now) for now in (61, 120)] == [False, False]
    assert worker.check_at(122)


def test_leaves_a_worker_alone_that_has_no_hints() -> None:
    worker = Worker()
    worker.hints = False
    assert not any(worker.check_at(now) for now in (0, 100, 1000))
