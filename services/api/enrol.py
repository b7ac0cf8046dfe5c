"""``python -m services.api.enrol``: make the page's key known before anything else runs.

A key made over HTTP would need the API first, and a second start of the page after it. Run as a
one-shot after the migrations, this lets every secret of a deployment be made beforehand.
"""

import sys

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.config import DatabaseSettings
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.keys.service import ensure_page_key


class PageKey(BaseModel):
    """The one setting of the page that is read here."""

    api_key: SecretStr


class EnrolSettings(BaseSettings):
    """No more than this needs, so that its container gets no other secret."""

    model_config = SettingsConfigDict(env_prefix="HFER_", env_nested_delimiter="__", extra="ignore")

    database: DatabaseSettings
    web: PageKey


def main() -> int:
    """Store the key; 0, or 2 when it is too short to be safe."""
    settings = EnrolSettings()
    engine = build_engine(settings.database)
    try:
        with unit_of_work(build_session_factory(engine)) as session:
            ensure_page_key(session, settings.web.api_key.get_secret_value())
    except ValueError as error:
        print(f"error: HFER_WEB__API_KEY: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
