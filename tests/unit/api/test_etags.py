import pytest

from services.api.etags import matches


class TestMatches:
    @pytest.mark.parametrize("header", ['W/"a"', '"a"', '"b", W/"a"', "*"])
    def test_compares_weakly(self, header: str) -> None:
        assert matches(header, 'W/"a"')

    @pytest.mark.parametrize("header", [None, "", '"b"', 'W/"b"', "a"])
    def test_sees_another_version(self, header: str | None) -> None:
        assert not matches(header, 'W/"a"')
