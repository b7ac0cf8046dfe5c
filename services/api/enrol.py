"""``python -m services.api.enrol``: make the page's key known before anything else runs.

A key made over HTTP would need the API first, and a second start of the page after it. Run as a
one-shot after the migrations, this lets every secret of a deployment be made beforehand.
"""

import sys

from services.common.config import DatabaseSettings
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.environment import EnvironmentSettings, Group, SecretApiKey, read_or_exit
from services.common.keys.service import ensure_page_key


class PageKey(Group, extra="ignore"):
    """The one setting of the page that is read here."""

    api_key: SecretApiKey


class EnrolSettings(EnvironmentSettings):
    """No more than this needs, so that its container gets no other secret."""

    database: DatabaseSettings
    web: PageKey


def main() -> int:
    """Store the key; 0, or 2 when a setting does not fit, or the key is weak or was revoked."""
    settings = read_or_exit(EnrolSettings)
    engine = build_engine(settings.database)
    try:
        with unit_of_work(build_session_factory(engine)) as session:
            placed = ensure_page_key(session, settings.web.api_key.get_secret_value())
    except ValueError as error:
        return _refused(str(error))
    finally:
        engine.dispose()
    return 0 if placed else _refused("this key was revoked and stays so; set another secret")


def _refused(why: str) -> int:
    print(f"error: HFER_WEB__API_KEY: {why}", file=sys.stderr)  # noqa: T201 - a command
    return 2


if __name__ == "__main__":
    sys.exit(main())
