"""The page's key is made known before the API runs."""

import pytest
from sqlalchemy import select

from services.api.enrol import main
from services.common.config import Settings
from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory
from services.common.keys.service import Scope
from tests.fixtures.serving import StartApi

SECRET = "hfer_prod_a-secret-of-enough-length"


@pytest.fixture
def enrol(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("HFER_DATABASE__URL", settings.database.url.get_secret_value())
    monkeypatch.setenv("HFER_WEB__API_KEY", SECRET)
    return monkeypatch


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_key_works_and_may_no_more_than_the_page_needs(
    enrol: pytest.MonkeyPatch, settings: Settings, start_api: StartApi, end: str
) -> None:
    enrol.setenv("HFER_WEB__API_KEY", SECRET + end)
    assert main() == 0
    assert main() == 0
    client = start_api(settings).client(key=SECRET)
    current = client.get("/v1/api-keys/current").json()
    assert current["scopes"] == ["jobs:erase", "jobs:read", "jobs:submit", "review"]
    assert client.get("/v1/api-keys").status_code == 403


def test_another_key_replaces_it(enrol: pytest.MonkeyPatch, sessions: SessionFactory) -> None:
    assert main() == 0
    enrol.setenv("HFER_WEB__API_KEY", "hfer_prod_of-the-next-month-0000")
    assert main() == 0
    with sessions() as session:
        live = session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None))).all()
        assert len(live) == 1


@pytest.mark.usefixtures("enrol")
def test_a_revoked_key_is_not_revived(
    settings: Settings, start_api: StartApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    api = start_api(settings)
    page = api.client(key=SECRET).get("/v1/api-keys/current").json()
    assert api.client(Scope.ADMIN).delete(f"/v1/api-keys/{page['id']}").status_code == 204
    assert main() == 2
    assert "set another secret" in capsys.readouterr().err
    assert api.client(key=SECRET).get("/v1/jobs").status_code == 401


def test_a_placeholder_is_refused(
    enrol: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enrol.setenv("HFER_WEB__API_KEY", "CHANGE-ME")
    assert main() == 2
    assert "HFER_WEB__API_KEY" in capsys.readouterr().err
