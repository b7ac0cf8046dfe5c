"""The active bundle of a running service, fetched to go on from."""

from pathlib import Path

from services.common.config import Settings
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.registry.publishing import fetch_bundle
from services.common.registry.repository import ModelRepository
from services.common.storage import build_storage


def fetch_active(settings: Settings, *, cache: Path) -> Path | None:
    """Return a folder with the bundle that answers now; None where none was ever active.

    Args:
        settings: database and bucket of the service.
        cache: where the folder is made, unless it is there.

    Raises:
        HferError: its files were never published, or the bucket is away.
        sqlalchemy.exc.OperationalError: the database is away.
    """
    engine = build_engine(settings.database)
    try:
        with unit_of_work(build_session_factory(engine)) as session:
            active = ModelRepository(session).active()
            sha256 = None if active is None else active.sha256
    finally:
        engine.dispose()
    if sha256 is None:
        return None
    return fetch_bundle(build_storage(settings.storage), sha256, cache=cache)
