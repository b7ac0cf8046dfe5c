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
    if _may_be_null(schema):
        return None
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas)
    return _of_type(schema, schemas)


def in_order(example: Any, schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """Return an example as it was written: in the schema's order, and with its nulls.

    Pydantic sorts the members by name and FastAPI drops those that are null.
    """
    if "$ref" in schema:
        return in_order(example, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return in_order(example, schema["anyOf"][0], schemas)
    if isinstance(example, list):
        return [in_order(part, schema.get("items", {}), schemas) for part in example]
    if not isinstance(example, dict):
        return example
    members = schema.get("properties", {})
    nulls = {name: None for name in schema.get("required", ()) if _may_be_null(members[name])}
    ordered = {name: (nulls | example)[name] for name in members if name in nulls | example}
    ordered |= example
    others = schema.get("additionalProperties", {})
    others = others if isinstance(others, dict) else {}
    return {
        name: in_order(value, members.get(name, others), schemas) for name, value in ordered.items()
    }


def _may_be_null(schema: Schema) -> bool:
    return {"type": "null"} in schema.get("anyOf", ())


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
