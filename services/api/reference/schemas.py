"""JSON schemas in words: a type in a phrase, an object as a table of its members."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_BOUNDS = (
    ("minimum", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMaximum", "< {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
)


def type_of(schema: Schema) -> str:
    """Return a schema's type in Markdown: a link, a choice or a plain type with its bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_of(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    plain = _plain(schema)
    bounds = [text.format(schema[key]) for key, text in _BOUNDS if key in schema]
    return ", ".join([plain, *bounds]) if plain else ""


def cell(text: str) -> str:
    """Make a text fit into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def schema_lines(name: str, schema: Schema) -> Iterator[str]:
    """Describe a named schema."""
    yield from (f"### {name}", "")
    if schema.get("description"):
        yield from (" ".join(schema["description"].split()), "")
    if "properties" not in schema:
        yield from (type_of(schema), "")
        return
    yield from ("| member | type | |", "|---|---|---|")
    for member, kind in schema["properties"].items():
        yield f"| `{member}` | {cell(type_of(kind))} | {cell(kind.get('description', ''))} |"
    yield ""
    if "example" in schema:
        yield from ("```json", json.dumps(schema["example"], indent=2), "```", "")


def _plain(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {type_of(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {type_of(schema['additionalProperties'])}"
        case "string" if "format" in schema:
            return str(schema["format"])
        case kind:
            return kind or ""
