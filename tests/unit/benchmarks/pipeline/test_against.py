from pathlib import Path

import pytest

from benchmarks.crew import hired
from benchmarks.pipeline.against import build_of

OURS = """
class OurPipeline:
    def __init__(self, bundle, photos, precision, **named):
        self._told = [type(precision).__module__, precision.value, photos, named]

    def told(self, number, of):
        return [__file__, *self._told]
"""
CHOICE = """
from enum import StrEnum

class PrecisionChoice(StrEnum):
    FP32 = "fp32"
"""


def write_checkout(root: Path) -> None:
    for place, text in (
        ("benchmarks/pipeline/ours.py", OURS),
        ("services/vision/classifiers/choice.py", CHOICE),
    ):
        file = root / place
        file.parent.mkdir(parents=True)
        file.write_text(text)
        for folder in file.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()


class TestBuildOf:
    @pytest.mark.parametrize(
        ("detector", "named"), [(None, {}), ("openvino", {"detector": "openvino"})]
    )
    def test_runs_the_code_of_the_other_checkout(
        self, tmp_path: Path, detector: str | None, named: dict[str, str]
    ) -> None:
        write_checkout(tmp_path)
        with hired(build_of, tmp_path, Path("b"), [Path("p")], "fp32", detector, size=1) as crew:
            (told,) = crew.call("told")
        place = str(tmp_path / "benchmarks" / "pipeline" / "ours.py")
        module = "services.vision.classifiers.choice"
        assert told == [place, module, "fp32", [Path("p")], named]
