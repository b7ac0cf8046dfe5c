"""Run by Alembic: connects to the database and runs the migrations.

The URL comes from the caller (``config.attributes["url"]``), else from HFER_DATABASE__URL; no
other setting is needed, so that a migration container gets no other secret.
"""

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool

from services.common.config import DatabaseSettings
from services.common.db.base import Base
from services.common.db.grants import apply_grants
from services.common.db.session import UNPREPARED
from services.common.environment import EnvironmentSettings, read_or_exit


class MigrationSettings(EnvironmentSettings):
    """The one group that migrations need."""

    database: DatabaseSettings


def database_url() -> str:
    url: str | None = context.config.attributes.get("url")
    return url or read_or_exit(MigrationSettings).database.url.get_secret_value()


def run_offline() -> None:
    """Print the SQL instead of running it (``alembic upgrade head --sql``)."""
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = create_engine(database_url(), poolclass=pool.NullPool, connect_args=UNPREPARED)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    with engine.begin() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
        if set(heads) == set(context.script.get_heads()):
            apply_grants(connection)
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
