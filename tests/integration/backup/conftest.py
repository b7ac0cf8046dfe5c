"""Where the command looks for a database and a bucket."""

from collections.abc import Callable

import pytest

from services.common.config import StorageSettings

Target = Callable[[str, StorageSettings], None]


@pytest.fixture
def aim(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Point the command at a database and a bucket."""

    def point(url: str, bucket: StorageSettings) -> None:
        monkeypatch.setenv("HFER_DATABASE__URL", url)
        monkeypatch.setenv("HFER_STORAGE__ENDPOINT", bucket.endpoint)
        monkeypatch.setenv("HFER_STORAGE__ACCESS_KEY", bucket.access_key.get_secret_value())
        monkeypatch.setenv("HFER_STORAGE__SECRET_KEY", bucket.secret_key.get_secret_value())
        monkeypatch.setenv("HFER_STORAGE__BUCKET", bucket.bucket)
        monkeypatch.setenv("HFER_STORAGE__SECURE", "false")

    return point
