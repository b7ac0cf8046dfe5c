"""Shapes of the OpenAPI document that generators of clients read in one way only.

Each rule was a fault of a generated client: see the table of `make check-clients`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

_HEAD = "#/components/schemas/"


def plain_shapes(document: Mapping[str, Any]) -> None:
    """Write schemas without defaults, maps by their values, and parameters that are never null.

    openapi-typescript takes a member with a default for required, also in a request;
    openapi-python-client drops one whose default is an object; the others take it for optional
    where an answer always has it. So what an answer always has is required, and what a request
    may leave out says its default in words. Of a parameter that may be null, orval sends "null".
    """
    schemas: dict[str, Schema] = document["components"]["schemas"]
    asked = _reachable(schemas, _bodies(document, "requestBody"))
    for name, schema in schemas.items():
        for part in _parts(schema):
            if "properties" in part:
                _without_defaults(part, asked=name in asked)
            if "patternProperties" in part:
                _by_values(part)
    for methods in document["paths"].values():
        for parameter in (p for o in methods.values() for p in o.get("parameters", ())):
            parameter["schema"] = _never_null(parameter["schema"])


def _without_defaults(schema: Schema, *, asked: bool) -> None:
    always = []
    for name, member in schema["properties"].items():
        if "default" not in member:
            continue
        default = member.pop("default")
        if default is None:
            continue
        if not asked:
            always.append(name)
        elif not isinstance(default, dict | list):
            words = (member.get("description", ""), f"default `{json.dumps(default)}`")
            member["description"] = "; ".join(filter(None, words))
    if always:
        schema["required"] = [
            name for name in schema["properties"] if name in {*always, *schema.get("required", ())}
        ]


def _by_values(schema: Schema) -> None:
    """Say of a map with names of one pattern what its values are: few tools know the pattern."""
    ((pattern, values),) = schema.pop("patternProperties").items()
    schema["additionalProperties"] = values
    schema["propertyNames"] = {"pattern": pattern}


def _never_null(schema: Schema) -> Schema:
    """Return the schema of a parameter that is left out where it has no value."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _bodies(document: Mapping[str, Any], kind: str) -> Iterator[Any]:
    for methods in document["paths"].values():
        yield from (operation[kind] for operation in methods.values() if kind in operation)


def _reachable(schemas: Mapping[str, Schema], roots: Iterator[Any]) -> set[str]:
    """Return the names of all schemas to which ``roots`` refer, directly or through others."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        for part in _parts(waiting.pop()):
            name = str(part.get("$ref", "")).removeprefix(_HEAD)
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _parts(node: object) -> Iterator[Schema]:
    """Yield every object within ``node``, itself included; examples are data and no schemas."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from _parts(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            yield from _parts(value)
