"""How `python -m services.api` serves."""

import pytest
import uvicorn

from services.api.__main__ import main

REQUIRED = {
    "HFER_DATABASE__URL": "postgresql+psycopg://hfer:made-up@127.0.0.1:1/hfer",
    "HFER_BROKER__URL": "redis://hfer:made-up@127.0.0.1:1/0",
    "HFER_STORAGE__ENDPOINT": "127.0.0.1:1",
    "HFER_STORAGE__ACCESS_KEY": "made-up",
    "HFER_STORAGE__SECRET_KEY": "made-up",
}


def test_connections_outlive_a_proxys(monkeypatch: pytest.MonkeyPatch) -> None:
    configs: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server: configs.append(server.config))
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    assert main() == 3
    monkeypatch.setenv("HFER_API__KEEP_ALIVE_S", "620")
    assert main() == 3
    # nginx keeps a connection for 60 s, Go's proxies for 90 s, Caddy for 120 s.
    assert [config.timeout_keep_alive for config in configs] == [125, 620]
    assert not any(config.proxy_headers for config in configs)
