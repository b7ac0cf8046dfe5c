import pytest

from services.trainer.sweep.halving import default_rungs, parse_rungs, survivors


class TestRungs:
    def test_are_rising_epochs(self) -> None:
        assert parse_rungs("2,6,20") == (2, 6, 20)
        assert parse_rungs("5") == (5,)

    @pytest.mark.parametrize("text", ["", "0,2", "2,2", "6,2", "2,x", "1.5", "2,,3"])
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match="rising numbers"):
            parse_rungs(text)

    @pytest.mark.parametrize(("epochs", "rungs"), [(20, (2, 6, 20)), (6, (2, 6)), (1, (1,))])
    def test_by_default_grow_to_the_whole_run(self, epochs: int, rungs: tuple[int, ...]) -> None:
        assert default_rungs(epochs) == rungs


def scores(*values: float) -> dict[str, float]:
    return dict(zip("abcdefghijkl", values, strict=False))


class TestSurvivors:
    def test_are_the_best_share(self) -> None:
        found = survivors(scores(0.1, 0.9, 0.5, 0.7, 0.3, 0.2), entered=6, keep=0.33)
        assert found == ("b", "d")

    @pytest.mark.parametrize(
        ("entered", "keep", "count"),
        [
            *((1, 0.33, 1), (2, 0.33, 1), (3, 0.33, 1), (4, 0.33, 2), (12, 0.33, 4)),
            *((6, 0.5, 3), (7, 0.5, 4), (5, 1.0, 5), (10, 0.01, 1), (10, 0.3, 3)),
        ],
    )
    def test_are_so_many(self, entered: int, keep: float, count: int) -> None:
        values = scores(*range(entered))
        assert len(survivors(values, entered=entered, keep=keep)) == count

    def test_a_share_is_not_rounded_up_by_the_float_it_is(self) -> None:
        values = {str(number): 0.0 for number in range(100)}
        assert len(survivors(values, entered=100, keep=0.07)) == 7

    def test_the_places_of_the_diverged_go_to_others(self) -> None:
        assert survivors(scores(0.1, 0.2, 0.3), entered=6, keep=0.5) == ("c", "b", "a")

    def test_the_earlier_wins_a_tie(self) -> None:
        assert survivors(scores(0.5, 0.7, 0.7), entered=3, keep=0.33) == ("b",)
