from pathlib import Path

import pytest

from services.trainer.training.host import computes_bfloat16, describe_host, installed_gpus


class TestHost:
    def test_names_the_processor(self) -> None:
        host = describe_host()
        assert host["cpu"]
        assert host["cores"] >= 1
        assert host["memory_gib"] > 0

    def test_lists_gpus_by_model(self, tmp_path: Path) -> None:
        for bus, model in (("0000:01:00.0", "NVIDIA H100"), ("0000:02:00.0", "NVIDIA A10")):
            (tmp_path / bus).mkdir()
            text = f"Model: \t\t {model}\nIRQ:   \t\t 41\n"
            (tmp_path / bus / "information").write_text(text)
        assert installed_gpus(tmp_path) == ["NVIDIA H100", "NVIDIA A10"]

    def test_a_machine_without_the_driver_has_none(self, tmp_path: Path) -> None:
        assert installed_gpus(tmp_path / "missing") == []

    @pytest.mark.parametrize(
        ("line", "has"),
        [
            ("flags\t\t: fpu avx2 avx512_bf16 amx_tile", True),
            ("Features\t: fp asimd bf16 i8mm", True),
            ("flags\t\t: fpu avx avx2", False),
            ("", False),
        ],
    )
    def test_knows_bfloat16_by_the_cpu_s_flags(self, tmp_path: Path, line: str, has: bool) -> None:
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\n{line}\n")
        assert computes_bfloat16(path) is has
