"""Where database and bucket are: two groups of the service's own settings, no other secret."""

from pydantic import ValidationError
from sqlalchemy import make_url

from services.backup.errors import BackupError
from services.common.config import DatabaseSettings, StorageSettings
from services.common.environment import EnvironmentSettings
from services.common.secret_files import SecretFileError


class BackupSettings(EnvironmentSettings):
    """``HFER_DATABASE__URL`` and ``HFER_STORAGE__*``, as the API has them."""

    database: DatabaseSettings
    storage: StorageSettings

    @property
    def conninfo(self) -> str:
        """The database's URL as libpq reads it, with the password."""
        url = make_url(self.database.url.get_secret_value())
        return url.set(drivername="postgresql").render_as_string(hide_password=False)


def read_settings() -> BackupSettings:
    """Read the settings from the environment.

    Raises:
        BackupError: one is missing or wrong; the message names it and shows no value.
    """
    try:
        return BackupSettings()
    except ValidationError as error:
        names = ("HFER_" + "__".join(map(str, e["loc"])).upper() for e in error.errors())
        raise BackupError(
            f"these settings are missing or wrong: {', '.join(names)}; "
            "set them as for the API (.env.example), with the local stack: . .local/env"
        ) from error
    except SecretFileError as error:
        raise BackupError(str(error)) from error
