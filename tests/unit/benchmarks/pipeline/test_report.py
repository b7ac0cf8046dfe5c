from dataclasses import replace

import pytest

from benchmarks.pipeline.agreement import compare
from benchmarks.pipeline.report import Report, Side
from benchmarks.pipeline.stages import STAGES, Stopwatch, summed
from benchmarks.pipeline.table import as_tables


def side(**seconds: list[float]) -> Side:
    layouts = {tuple(map(int, name[1:].split("x"))): values for name, values in seconds.items()}
    return Side(seconds=layouts, stages=dict.fromkeys(STAGES, 0.5), rss_mb=100)


def report(*, reference: Side, ours: Side, cores: int = 2) -> Report:
    return Report(
        photos=10,
        faces=30,
        megapixels=(0.75, 6.0),
        cores=cores,
        model_version="tiny-0.1.0",
        random_weights=False,
        reference=reference,
        ours={"fp32": ours},
        agreement={"fp32": compare([[]], [[]])},
    )


REFERENCE = side(_1x1=[20.0], _1x2=[8.0, 12.0, 9.0], _2x1=[10.0, 10.0, 10.0])
OURS = side(_1x1=[4.0], _2x1=[2.0, 2.5, 1.0])


class TestReport:
    def test_ratio_is_the_median_against_the_rounds_fastest_layout(self) -> None:
        # 8 / 2, 10 / 2.5 and 9 / 1
        assert report(reference=REFERENCE, ours=OURS).ratios() == {"fp32": 4.0}

    def test_single_ratio_is_of_one_thread_against_one(self) -> None:
        assert report(reference=REFERENCE, ours=OURS).single_ratios() == {"fp32": 5.0}

    def test_rates_are_of_the_fastest_layout(self) -> None:
        found = report(reference=REFERENCE, ours=OURS).as_json()
        assert found["reference"]["images_per_s"] == pytest.approx(10 / 9, abs=1e-3)
        assert found["reference"]["layouts"]["2x1"]["faces_per_s"] == 3.0
        assert found["ours"]["fp32"]["images_per_s"] == 5.0
        assert found["rounds"] == 3

    def test_stages_are_milliseconds_a_photo(self) -> None:
        found = report(reference=REFERENCE, ours=OURS).as_json()
        assert found["reference"]["stage_ms_per_photo"] == dict.fromkeys(STAGES, 50.0)

    def test_one_core_has_one_layout(self) -> None:
        one = report(reference=side(_1x1=[9.0, 6.0]), ours=side(_1x1=[3.0, 3.0]), cores=1)
        assert one.ratios() == one.single_ratios() == {"fp32": 2.5}

    def test_another_build_is_compared_round_by_round(self) -> None:
        both = replace(report(reference=REFERENCE, ours=OURS), other={"fp32": REFERENCE})
        # 10 / 2, 10 / 2.5 and 10 / 1
        assert both.ratios_to_other() == {"fp32": 5.0}
        assert report(reference=REFERENCE, ours=OURS).ratios_to_other() == {}
        _, other, stages, _ = as_tables(both.as_json())
        assert (other.row_count, stages.row_count) == (1, 3)

    def test_refuses_rounds_that_are_not_pairs(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            report(reference=REFERENCE, ours=side(_2x1=[1.0])).ratios()

    def test_shows_every_side_in_tables(self) -> None:
        speed, stages, agreement = as_tables(report(reference=REFERENCE, ours=OURS).as_json())
        assert (speed.row_count, stages.row_count, agreement.row_count) == (5, 2, 1)


class TestStopwatch:
    def test_begins_anew_when_taken(self) -> None:
        watch = Stopwatch()
        watch.add("detect", 1.0)
        watch.add("detect", 2.0)
        assert watch.take() == {"detect": 3.0}
        assert watch.take() == {}

    def test_sums_processes_over_all_stages(self) -> None:
        assert summed([{"detect": 1.0}, {"detect": 2.0, "crop": 0.5}]) == {
            **dict.fromkeys(STAGES, 0.0),
            "detect": 3.0,
            "crop": 0.5,
        }
