import pytest

from services.vision.cpu import cpu_capabilities, with_real_int8

TOLD = ["FP32", "INT8", "BIN"]


class TestCapabilities:
    @pytest.mark.parametrize("flag", ["avx512_vnni", "avx_vnni", "amx_int8", "asimddp"])
    def test_keep_int8_where_an_instruction_multiplies_it(self, flag: str) -> None:
        assert with_real_int8(TOLD, ["avx2", "avx512f", flag]) == {"FP32", "INT8", "BIN"}

    def test_keep_int8_of_a_cpu_with_avx2_alone(self) -> None:
        assert with_real_int8(TOLD, ["avx2", "fma"]) == {"FP32", "INT8", "BIN"}

    @pytest.mark.parametrize("flags", [["avx2", "avx512f"], ["sse4_2"], ["asimd"]])
    def test_drop_int8_where_float32_is_as_fast(self, flags: list[str]) -> None:
        assert with_real_int8(TOLD, flags) == {"FP32", "BIN"}

    def test_of_this_cpu_have_fp32(self) -> None:
        assert "FP32" in cpu_capabilities()
