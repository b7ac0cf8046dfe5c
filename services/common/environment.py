"""Settings as the environment gives them: secrets in order, and faults named without any value."""

import re
import sys
from collections.abc import Iterator
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from services.common.secret_files import SecretFileError, SecretFileSettings

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WRONG_SETTINGS = 2


def _checked(secret: SecretStr) -> SecretStr:
    """Strip white space: a secret that is read from a file mostly ends with a newline."""
    text = secret.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: give it a value, or leave the variable out.")
    if _CONTROL.search(text):
        raise ValueError("holds a line break or another control character: copy it anew.")
    return SecretStr(text)


def _sendable(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isascii():
        raise ValueError("holds a character that no API key has: copy it anew.")
    return secret


def _readable(secret: SecretStr) -> SecretStr:
    """Refuse what later readers would quote: ``invalid literal for int(): 'half a password'``."""
    try:
        for url in secret.get_secret_value().split(";"):
            _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            "is no URL that can be read: a password in it is written with percent signs,"
            " %2F for / and %23 for #."
        ) from None
    return secret


def _joined(keys: SecretStr) -> SecretStr:
    return SecretStr("".join(keys.get_secret_value().split()))


Secret = Annotated[SecretStr, AfterValidator(_checked)]
SecretUrl = Annotated[Secret, AfterValidator(_readable)]
SecretApiKey = Annotated[Secret, AfterValidator(_sendable)]
# White space between the keys of a list is no part of any.
SecretKeys = Annotated[SecretStr, AfterValidator(_joined), AfterValidator(_checked)]


class Group(BaseModel):
    """A frozen group of settings; a misspelt key is an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class EnvironmentSettings(SecretFileSettings):
    """Base of what a process reads from ``HFER_*``; its errors quote no value of any setting."""

    model_config = SettingsConfigDict(
        env_prefix="HFER_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )


_Kind = TypeVar("_Kind", bound=EnvironmentSettings)


def read_or_exit(kind: type[_Kind]) -> _Kind:
    """Read the settings of a process; one that is missing or wrong ends it with code 2.

    Each fault is a line on stderr that names its variable and what to do, and shows no value.
    """
    try:
        return kind()
    except ValidationError as error:
        sentences = list(_sentences(kind, error))
    except SecretFileError as error:
        sentences = [str(error)]
    except SettingsError as error:
        # Its text names the field, and holds nothing of the value.
        found = re.search(r'field "(\w+)"', str(error))
        name = f"HFER_{found[1]}".upper() if found else "HFER_*"
        sentences = [f"{name}: what should be JSON, such as a list, cannot be read."]
    for sentence in sentences:
        print(f"error: {sentence}", file=sys.stderr)  # noqa: T201 - before any log
    raise SystemExit(_WRONG_SETTINGS)


def _sentences(kind: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        name = "HFER_" + "__".join(map(str, fault["loc"])).upper()
        if fault["type"] == "missing":
            for variable in _required(kind, name, fault["loc"]):
                yield f"{variable} is not set: docs/configuration.md says what it holds."
        elif fault["type"] == "value_error":
            yield f"{name} {fault['ctx']['error']}"
        else:
            yield f"{name}: {fault['msg']}."


def _required(kind: type[BaseModel], name: str, place: tuple[int | str, ...]) -> list[str]:
    """Name the variables that are missing at ``place``: of a whole group those without default."""
    group = kind.model_fields[str(place[0])].annotation
    if len(place) > 1 or not (isinstance(group, type) and issubclass(group, BaseModel)):
        return [name]
    fields = group.model_fields.items()
    return [f"{name}__{field.upper()}" for field, info in fields if info.is_required()]
