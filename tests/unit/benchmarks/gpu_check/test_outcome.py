import pytest
from rich.console import Console

from benchmarks.gpu_check.outcome import Figure, Outcome, as_table, exit_code

GOOD = Outcome("classifier", figures=(Figure("difference", "1e-06"),))
WRONG = Outcome("classifier", figures=(Figure("lowest IoU", "0.5", fault="below 0.97"),))
LEFT_OUT = Outcome("training", left_out="tensorflow not installed")
FAILED = Outcome("serving", failed="not done after 130 s")


def shown(*outcomes: Outcome, gpus: list[str], rehearsal: bool) -> str:
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(as_table(outcomes, gpus=gpus, rehearsal=rehearsal))
    return capture.get()


class TestExitCode:
    @pytest.mark.parametrize(
        ("outcomes", "code"),
        [
            ([GOOD], 0),
            ([GOOD, LEFT_OUT], 0),
            ([GOOD, FAILED], 1),
            ([GOOD, WRONG], 1),
            ([LEFT_OUT], 1),
            ([], 1),
        ],
        ids=["good", "left out", "failed", "out of bounds", "nothing measured", "no part"],
    )
    def test_is_0_only_where_something_was_measured_and_nothing_is_wrong(
        self, outcomes: list[Outcome], code: int
    ) -> None:
        assert exit_code(outcomes) == code


class TestTable:
    def test_says_plainly_that_it_is_a_rehearsal(self) -> None:
        text = shown(GOOD, gpus=[], rehearsal=True)
        assert "REHEARSAL (no GPU was found)" in text
        assert "rehearsal" in text.partition("1e-06")[2]
        assert "measured" not in text

    def test_names_the_gpu_that_it_measured(self) -> None:
        text = shown(GOOD, gpus=["NVIDIA H200"], rehearsal=False)
        assert "NVIDIA H200" in text
        assert "measured" in text.partition("1e-06")[2]
        assert "ehearsal" not in text.lower()

    def test_tells_a_rehearsal_beside_a_gpu_from_one_without(self) -> None:
        assert "REHEARSAL (asked for)" in shown(GOOD, gpus=["NVIDIA H200"], rehearsal=True)

    def test_has_a_row_for_what_was_left_out_failed_or_differs(self) -> None:
        text = shown(LEFT_OUT, FAILED, WRONG, gpus=["NVIDIA H200"], rehearsal=False)
        assert "left out: tensorflow not installed" in text
        assert "FAILED: not done after 130 s" in text
        assert "DIFFERS: below 0.97" in text

    def test_prints_brackets_of_an_error_as_they_are(self) -> None:
        failed = Outcome("training", failed="install tensorflow[and-cuda]")
        assert "tensorflow[and-cuda]" in shown(failed, gpus=["NVIDIA T4"], rehearsal=False)
