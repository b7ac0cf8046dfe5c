import pytest

from services.vision.stages import listening, stage


class TestStages:
    def test_are_told_to_a_listener_in_their_order(self) -> None:
        with listening() as times:
            for name in ("decode", "detect", "decode"):
                with stage(name):
                    pass
        assert list(times.stages) == ["decode", "detect"]
        decode, detect = times.stages["decode"], times.stages["detect"]
        assert decode.started_ns <= detect.started_ns
        assert decode.ended_ns >= detect.ended_ns  # its second run came after
        assert decode.busy_s <= (decode.ended_ns - decode.started_ns) / 1e9 + 1e-3

    def test_count_when_they_fail(self) -> None:
        with listening() as times, pytest.raises(MemoryError), stage("classify"):
            raise MemoryError
        assert "classify" in times.stages

    def test_are_nobody_elses(self) -> None:
        with listening() as outer:
            with listening() as inner, stage("decode"):
                pass
            assert not outer.stages
        with stage("detect"):
            pass
        assert list(inner.stages) == ["decode"]
