"""A secret may stand in a file: ``HFER_…_FILE`` names it in place of ``HFER_…``.

Docker and Kubernetes mount secrets as files, and the environment of a process can be read by more
than its files can: it stands in ``docker inspect``. services/web/secret_files.py is a copy, as the
page may import nothing of this; one test holds both.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)


class SecretFileError(SettingsError):
    """A file of a secret cannot be read, or the secret is given twice; no value is shown."""


class SecretFileSettings(BaseSettings):
    """Settings of the environment alone, whose secrets may stand in files."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read secrets from the files that ``…_FILE`` name."""
        if isinstance(env_settings, EnvSettingsSource):
            given, prefix = env_settings.env_vars, env_settings.env_prefix
            env_settings.env_vars = with_files(given, settings_cls, prefix)
        return init_settings, env_settings


def with_files(
    given: Mapping[str, str | None], kind: type[BaseModel], prefix: str
) -> Mapping[str, str | None]:
    """Return the environment with each ``…_FILE`` of a secret replaced by what the file holds.

    Args:
        given: variables by lower-case name, as pydantic-settings reads them.
        kind: the settings class; only its secrets may come from files.
        prefix: what its variables begin with.

    Raises:
        SecretFileError: of the first that cannot be read or is given twice.
    """
    found = dict(given)
    for name in _secrets(kind, prefix.lower()):
        path = found.pop(f"{name}_file", None)
        if path is None:
            continue
        variable = name.upper()
        if name in found:
            raise SecretFileError(
                f"{variable} and {variable}_FILE are both set: leave one of them out."
            )
        try:
            found[name] = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            # The path is not shown: it may be the secret itself, put into the wrong variable.
            raise SecretFileError(
                f"{variable}_FILE names a file that cannot be read ({error.strerror})."
            ) from None
        except ValueError:  # no UTF-8, or a path with a zero byte
            raise SecretFileError(f"{variable}_FILE names a file that holds no text.") from None
    return found


def _secrets(kind: type[BaseModel], head: str) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _secrets(annotation, f"{head}{name}__")
        elif _is_secret(annotation):
            yield f"{head}{name}"


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))
