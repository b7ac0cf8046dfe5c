"""Lenient reading of JSON into dataclasses.

A newer service may add fields, leave some out or send null; none of that may break an older
client (hume-python-sdk#48 died on a null). Unknown fields are ignored, and a missing or
ill-typed one keeps the default of its dataclass.
"""

import contextlib
import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class _UnfitError(ValueError):
    """A value is not of the type that its field declares."""


def decode(cls: type[T], data: object) -> T:
    """Build a ``cls`` from parsed JSON; anything but an object gives the defaults."""
    source = data if isinstance(data, Mapping) else {}
    values: dict[str, Any] = {}
    for name, hint in _hints(cls).items():
        if name in source:
            with contextlib.suppress(_UnfitError):
                values[name] = _convert(hint, source[name])
    return cls(**values)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _convert(hint: Any, value: object) -> object:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (object, Any):
        return value
    if origin in (types.UnionType, typing.Union):
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _convert(inner, value)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], element) for element in value)
    if origin is dict and isinstance(value, Mapping):
        return {str(key): _convert(arguments[1], element) for key, element in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return decode(typing.cast("type[DataclassInstance]", hint), value)
    convert = _SCALARS.get(hint)
    if convert is None:
        raise _UnfitError
    return convert(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _UnfitError


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _UnfitError


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _UnfitError


def _integer(value: object) -> int:
    number = _number(value)
    if number.is_integer():
        return int(number)
    raise _UnfitError


def _time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise _UnfitError from error


_SCALARS: Mapping[object, Callable[[object], object]] = types.MappingProxyType(
    {str: _text, bool: _flag, float: _number, int: _integer, datetime: _time}
)
