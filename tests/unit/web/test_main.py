import pytest

from services.web.__main__ import main


def test_settings_that_do_not_fit_end_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 2
    assert "HFER_WEB__API_KEY is not set" in capsys.readouterr().err
    monkeypatch.setenv("HFER_WEB__API_KEY", "sesame")
    monkeypatch.setenv("HFER_WEB__HOST", "10.0.0.1")
    assert main() == 2
    told = capsys.readouterr().err
    assert "set HFER_WEB__PASSWORD" in told
    assert "sesame" not in told
