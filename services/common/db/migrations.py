"""The schema of a database brought to its newest revision, in this process.

Needs alembic.ini and migrations/ of the repository, which of the images only ``migrate`` holds.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config

_INI = Path(__file__).resolve().parents[3] / "alembic.ini"


def alembic_config(url: str) -> Config:
    """Return the repository's Alembic configuration for the database at ``url``."""
    config = Config(_INI)
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run every migration that the database at ``url`` has not seen."""
    command.upgrade(alembic_config(url), "head")
