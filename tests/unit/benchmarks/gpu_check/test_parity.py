import numpy as np
import pytest

from benchmarks.gpu_check.parity import BF16, EXACT, agreement, probabilities
from services.common.domain.faces import Box, DetectedFace


def face(x: float = 0, *, confidence: float = 0.99, moved: float = 0) -> DetectedFace:
    box = Box(x + moved, 0, 100, 100)
    return DetectedFace(box, tuple((x + moved + 10 * n, 50.0) for n in range(5)), confidence)


class TestAgreement:
    def test_of_the_same_faces_has_no_fault(self) -> None:
        photos = [[face(), face(200)], []]
        found = agreement(photos, photos, bounds=EXACT)
        assert [each.value for each in found] == ["2, 2, 2", "1.0000", "0.000% of the face"]
        assert not any(each.fault for each in found)

    def test_names_what_is_out_of_its_bounds(self) -> None:
        counts, iou, landmarks = agreement([[face()]], [[face(moved=5)]], bounds=EXACT)
        assert not counts.fault
        assert iou.value == f"{95 / 105:.4f}"
        assert iou.fault == "below 0.97"
        assert landmarks.value == "5.000% of the face"
        assert landmarks.fault == "above 2%"

    def test_allows_more_where_the_cpu_proposes_in_bfloat16(self) -> None:
        found = agreement([[face()]], [[face(moved=5)]], bounds=BF16)
        assert not any(each.fault for each in found)

    @pytest.mark.parametrize("turned", [False, True], ids=["CPU alone", "GPU alone"])
    def test_a_sure_face_of_one_side_alone_is_a_fault(self, *, turned: bool) -> None:
        sides = [[[face(), face(200)]], [[face()]]]
        counts, *_ = agreement(*(reversed(sides) if turned else sides), bounds=EXACT)
        assert counts.fault == "1 sure ones on one side"

    def test_a_doubtful_face_may_come_and_go(self) -> None:
        doubtful = face(200, confidence=0.91)
        counts, *_ = agreement([[face(), doubtful]], [[face()]], bounds=EXACT)
        assert counts.value == "2, 1, 1"
        assert not counts.fault

    def test_of_no_face_in_common_is_a_fault(self) -> None:
        found = agreement([[face()]], [[face(300)]], bounds=BF16)
        assert [bool(each.fault) for each in found] == [True, True, False]

    def test_without_a_face_nothing_is_compared(self) -> None:
        with pytest.raises(RuntimeError, match="nothing to compare"):
            agreement([[]], [[]], bounds=EXACT)


class TestProbabilities:
    def test_tells_the_largest_difference_and_the_same_first_answers(self) -> None:
        cpu = np.full((2, 7), 0.1)
        cpu[:, 3] = 0.4
        gpu = cpu.copy()
        gpu[1, 3], gpu[1, 5] = 0.1, 0.4
        largest, same = probabilities(cpu, gpu)
        assert largest.value == "3.0e-01"
        assert largest.fault == "above 1e-03"
        assert same.value == "1 of 2 crops"

    def test_allows_what_float32_engines_differ_by(self) -> None:
        cpu = np.full((2, 7), 1 / 7)
        assert not any(each.fault for each in probabilities(cpu, cpu + 3e-6))
