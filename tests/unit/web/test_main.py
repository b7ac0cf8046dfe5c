import pytest
import uvicorn

from services.web.__main__ import main


@pytest.fixture(autouse=True)
def _loggers_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep uvicorn from setting the loggers of the process up, which later tests use."""
    monkeypatch.setattr(uvicorn.Config, "configure_logging", lambda _config: None)


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


def test_connections_outlive_a_proxys_and_nobody_is_trusted_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configs: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server: configs.append(server.config))
    monkeypatch.setenv("HFER_WEB__API_KEY", "sesame")
    assert main() == 3
    monkeypatch.setenv("HFER_WEB__KEEP_ALIVE_S", "620")
    monkeypatch.setenv("HFER_WEB__TRUSTED_PROXIES", '["10.0.0.0/8"]')
    assert main() == 3
    usual, told = configs
    assert (usual.timeout_keep_alive, usual.proxy_headers) == (125, False)
    assert (told.timeout_keep_alive, told.proxy_headers) == (620, True)
    assert told.forwarded_allow_ips == ["10.0.0.0/8"]


def test_a_proxy_that_is_not_named_is_told_of_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", lambda _server: None)
    for name, value in (("API_KEY", "k"), ("PASSWORD", "p"), ("PUBLIC_URL", "https://example.org")):
        monkeypatch.setenv(f"HFER_WEB__{name}", value)
    main()
    assert "HFER_WEB__TRUSTED_PROXIES is not set" in capsys.readouterr().err
    monkeypatch.setenv("HFER_WEB__TRUSTED_PROXIES", '["10.0.0.0/8"]')
    main()
    assert "TRUSTED_PROXIES" not in capsys.readouterr().err
