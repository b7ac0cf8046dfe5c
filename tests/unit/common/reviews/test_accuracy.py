"""The model's accuracy from drawn faces."""

import random

import pytest

from services.common.domain.emotions import EMOTIONS
from services.common.reviews.accuracy import (
    DrawnFace,
    DrawnOrder,
    accuracy,
    majority,
    shares_of,
)

SEVEN = len(EMOTIONS)


def drawn(number: int, expression: int = 0, *votes: str, answered: bool = True) -> DrawnFace:
    return DrawnFace((number, 0), expression, answered, votes)


def order(
    *faces: DrawnFace, populations: tuple[int, ...] = (100,), by_expression: bool = False
) -> DrawnOrder:
    return DrawnOrder((*populations, *[0] * (SEVEN - len(populations))), by_expression, faces)


class TestAccuracy:
    def test_is_the_share_on_which_most_people_say_what_the_model_says(self) -> None:
        right, wrong = EMOTIONS[0], EMOTIONS[1]
        found = accuracy(
            [
                order(
                    drawn(0, 0, right),
                    drawn(1, 0, right, right, wrong),
                    drawn(2, 0, wrong),
                    drawn(3, 0, "not_a_face"),
                )
            ]
        )
        assert found.estimate.value == pytest.approx(0.5)
        assert (found.estimate.n, found.answered, found.drawn, found.undecided) == (4, 4, 4, 0)

    def test_counts_a_draw_up_to_its_first_gap(self) -> None:
        found = accuracy(
            [
                order(
                    drawn(0, 0, EMOTIONS[0]),
                    drawn(1, answered=False),
                    # Answered out of turn: it may have been picked for being uncertain.
                    drawn(2, 0, EMOTIONS[3]),
                )
            ]
        )
        assert (found.estimate.value, found.answered, found.drawn) == (1.0, 1, 3)

    def test_votes_in_sight_and_ties_decide_nothing(self) -> None:
        found = accuracy([order(drawn(0), drawn(1, 0, EMOTIONS[0], EMOTIONS[1]))])
        assert (found.estimate.value, found.undecided, found.more) == (None, 2, None)

    def test_weighs_classes_that_were_drawn_more_often_less(self) -> None:
        # Two of ten and two of ninety: the model is right on the rare class alone.
        rare = [drawn(number, 0, EMOTIONS[0]) for number in (0, 1)]
        common = [drawn(number, 1, EMOTIONS[0]) for number in (2, 3)]
        found = accuracy([order(*rare, *common, populations=(10, 90), by_expression=True)])
        assert found.estimate.value == pytest.approx(0.1)

    def test_a_face_of_two_draws_counts_once(self) -> None:
        face = drawn(0, 0, EMOTIONS[0])
        found = accuracy([order(face, drawn(1, 0, EMOTIONS[1])), order(face)])
        assert found.estimate.n == 2
        assert found.estimate.value == pytest.approx(0.5)

    def test_is_right_on_average_over_draws_of_unequal_chance(self) -> None:
        """Two draws together, one of them even over the classes, estimate what all faces say."""
        rng = random.Random(7)
        truths = {(at, 0): 0 if at < 30 else 1 for at in range(300)}
        hits = {key: rng.random() < (0.9 if truths[key] == 0 else 0.5) for key in truths}
        faces = {
            key: DrawnFace(key, klass, True, (EMOTIONS[klass if hits[key] else 6],))
            for key, klass in truths.items()
        }
        estimates = []
        for _ in range(300):
            plain = rng.sample(list(faces.values()), 40)
            even = [
                face
                for klass, count in ((0, 20), (1, 20))
                for face in rng.sample([f for f in faces.values() if f.expression == klass], count)
            ]
            found = accuracy(
                [
                    order(*plain, populations=(30, 270)),
                    order(*even, populations=(30, 270), by_expression=True),
                ]
            )
            estimates.append(found.estimate.value or 0.0)
        assert sum(estimates) / 300 == pytest.approx(sum(hits.values()) / 300, abs=0.015)

    def test_says_how_many_more_are_enough(self) -> None:
        faces = [drawn(at, 0, EMOTIONS[0 if at % 3 else 1]) for at in range(99)]
        found = accuracy([order(*faces, populations=(100_000,))])
        # Wilson at two thirds is five points wide at 340 faces (formats of the field).
        assert found.more == pytest.approx(340 - 99, abs=6)

    def test_all_faces_are_enough(self) -> None:
        faces = [drawn(at, 0, EMOTIONS[at % 2]) for at in range(10)]
        assert accuracy([order(*faces, populations=(10,))]).more == 0

    def test_without_a_draw_there_is_none(self) -> None:
        found = accuracy([])
        assert (found.estimate.value, found.drawn, found.more) == (None, 0, None)


class TestMajority:
    @pytest.mark.parametrize(
        ("votes", "told"), [((), None), (("a",), "a"), (("a", "b"), None), (("a", "b", "b"), "b")]
    )
    def test_is_the_one_answer_with_most_votes(
        self, votes: tuple[str, ...], told: str | None
    ) -> None:
        assert majority(votes) == told


class TestShares:
    def test_even_over_classes_fills_up_what_rare_ones_lack(self) -> None:
        assert shares_of(30, [2, 100, 100, 0], by_expression=True) == [2, 14, 14, 0]

    def test_never_more_than_there_are(self) -> None:
        assert shares_of(99, [2, 3], by_expression=True) == [2, 3]
        assert shares_of(99, [2, 3], by_expression=False) == [2, 3]
