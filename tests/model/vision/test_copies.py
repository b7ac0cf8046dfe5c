"""`python -m tests.model.vision.copies` with fewer copies."""

import pytest

from tests.model.vision.copies import MOST, Answer, answers_of_children, largest_difference

COPIES = 64
pytestmark = pytest.mark.timeout(600)  # a quarter of a minute of an idle machine


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    return answers_of_children(COPIES)


class TestCopies:
    def test_of_one_photo_have_one_answer_over_two_children(self, answers: list[Answer]) -> None:
        assert sum(answer["copies"] for answer in answers) == COPIES
        assert len(answers[0]["faces"]) > 1
        assert largest_difference(answers) <= MOST

    def test_name_the_same_engines(self, answers: list[Answer]) -> None:
        named = {(answer["precision"], answer["detector"]) for answer in answers}
        assert len(named) == 1
        assert None not in named.pop()
