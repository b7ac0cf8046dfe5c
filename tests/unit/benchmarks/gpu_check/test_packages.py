import pytest

from benchmarks.gpu_check.outcome import LeftOutError
from benchmarks.gpu_check.packages import check_provider, require


class TestRequire:
    def test_passes_what_is_installed(self) -> None:
        require("numpy", "cv2")

    def test_names_what_is_not(self) -> None:
        with pytest.raises(LeftOutError, match=r"^no_such_one and no_other not installed$"):
            require("numpy", "no_such_one", "no_other")


class TestProvider:
    def test_a_fall_back_to_the_cpu_is_no_figure_of_a_gpu(self) -> None:
        with pytest.raises(RuntimeError, match="runs CPUExecutionProvider"):
            check_provider("CPUExecutionProvider", rehearsal=False)

    def test_a_rehearsal_runs_on_the_cpu(self) -> None:
        check_provider("CPUExecutionProvider", rehearsal=True)

    def test_cuda_is_what_is_measured(self) -> None:
        check_provider("CUDAExecutionProvider", rehearsal=False)
