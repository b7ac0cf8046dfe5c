"""Examples of whole bodies, put together from those that the schemas carry."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


class NoExampleError(LookupError):
    """A part of a schema has neither an example nor a value that follows from its type."""


def example_of(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """Return an example of a JSON schema.

    Its own one, else one that its parts make: the example, default, constant or first choice of
    each property. ``None`` where null is allowed, false for truth values.

    Raises:
        NoExampleError: a part has nothing to show; its schema wants an example.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "anyOf" in schema:
        return _of_choice(schema["anyOf"], schemas)
    return _of_type(schema, schemas)


def _of_choice(choices: list[Schema], schemas: Mapping[str, Schema]) -> Any:
    if {"type": "null"} in choices:
        return None
    return example_of(choices[0], schemas)


def _of_type(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = schema["properties"].items()
            return {name: example_of(member, schemas) for name, member in members}
        case "array":
            return [example_of(schema["items"], schemas)]
        case "boolean":
            return False
        case "null":
            return None
    raise NoExampleError(f"give {schema.get('title', schema)!r} an example")
