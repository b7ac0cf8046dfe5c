"""When a failed message is tried again."""

import pytest

from services.common.domain.webhooks import SCHEDULE_S, pause_s


class TestPauseS:
    def test_follows_the_schedule(self) -> None:
        pauses = [pause_s(tries, retry_after_s=None, fraction=0.0) for tries in range(1, 11)]
        assert pauses == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
        assert len(SCHEDULE_S) == 10

    def test_jitter_only_lengthens(self) -> None:
        assert pause_s(1, retry_after_s=None, fraction=1.0) == 6

    @pytest.mark.parametrize(("asked", "given"), [(1, 5), (60, 60), (10**9, 86_400)])
    def test_waits_as_long_as_the_receiver_asks_up_to_a_day(self, asked: float, given: int) -> None:
        assert pause_s(1, retry_after_s=asked, fraction=0.0) == given

    def test_does_not_go_on_because_the_receiver_asks(self) -> None:
        assert pause_s(10, retry_after_s=60, fraction=0.0) is None
