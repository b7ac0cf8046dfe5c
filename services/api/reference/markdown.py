"""The OpenAPI document as Markdown: an overview, each operation, each schema, each problem."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from services.api.catalogue.entries import all_entries
from services.api.catalogue.pages import overview, section
from services.api.docs import codes_of
from services.api.reference.html import anchor
from services.api.reference.schemas import cell, schema_lines, type_of

Document = Mapping[str, Any]
Operation = Mapping[str, Any]


def write_reference(document: Document) -> str:
    """Return the whole reference as one page of Markdown."""
    lines = [
        "# API reference",
        "",
        "Written from the OpenAPI document (`GET /openapi.json`) by `make docs`; do not edit it.",
        "",
        document["info"]["description"].strip(),
        "",
        *_overview(document),
    ]
    for tag in document["tags"]:
        lines += [f"## {_title(tag['name'])}", "", tag["description"], ""]
        for method, path, operation in _tagged(document, tag["name"]):
            lines += _operation(method, path, operation)
    lines += ["## Schemas", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += schema_lines(name, schema)
    entries = all_entries()
    lines += ["## Problem types", "", *overview(entries, links="#{code}"), ""]
    for entry in entries:
        lines += section(entry)
    return "\n".join(lines).rstrip() + "\n"


def _tagged(document: Document, tag: str) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] == tag:
                yield method.upper(), path, operation


def _overview(document: Document) -> Iterator[str]:
    yield from ("| | | scope |", "|---|---|---|")
    for tag in document["tags"]:
        for method, path, operation in _tagged(document, tag["name"]):
            link = f"[{operation['summary']}](#{anchor(operation['summary'])})"
            yield f"| `{method} {path}` | {link} | {_scope(operation)} |"
    yield ""


def _operation(method: str, path: str, operation: Operation) -> Iterator[str]:
    yield from (f"### {operation['summary']}", "")
    yield f"`{method} {path}` · scope: {_scope(operation)} · id: `{operation['operationId']}`"
    yield from ("", operation["description"], "")
    yield from _parameters(operation)
    yield from _request(operation)
    yield from _curl(method, path, operation)
    yield from _responses(operation)


def _parameters(operation: Operation) -> Iterator[str]:
    parameters = operation.get("parameters", ())
    if not parameters:
        return
    yield from ("| parameter | in | type | |", "|---|---|---|---|")
    for one in parameters:
        must = "required" if one.get("required") else ""
        text = "; ".join(part for part in (must, one.get("description", "")) if part)
        # What is not required is left out, never null.
        kind = type_of(one["schema"]).removesuffix(" or null")
        yield f"| `{one['name']}` | {one['in']} | {cell(kind)} | {cell(text)} |"
    yield ""


def _request(operation: Operation) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"Body `{media_type}`: {type_of(content['schema'])}", "")
        for name, part in content["schema"].get("properties", {}).items():
            must = "required; " if name in content["schema"].get("required", ()) else ""
            yield f"- `{name}` ({type_of(part)}): {must}{part.get('description', '')}".rstrip(": ")
        if "properties" in content["schema"]:
            yield ""
        elif "example" in content:
            yield from ("```json", json.dumps(content["example"], indent=2), "```", "")


def _curl(method: str, path: str, operation: Operation) -> Iterator[str]:
    """Write a call that can be pasted, with the examples of the document in it."""
    words = ["curl"] if method == "GET" else [f"curl -X {method}"]
    if operation.get("security"):
        words.append('-H "Authorization: Bearer $HFER_API_KEY"')
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(_example(one)))
    contents = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in contents:
        schema = contents["multipart/form-data"]["schema"]
        words += [f"-F {name}=@file" for name in schema["required"]]
    elif "application/json" in contents:
        body = json.dumps(contents["application/json"].get("example", {}))
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    words.append(f'"$HFER_URL{path}"')
    yield from ("```sh", " \\\n     ".join(words), "```", "")


def _example(parameter: Mapping[str, Any]) -> Any:
    found = parameter.get("example") or next(iter(parameter["schema"].get("examples", ())), None)
    return found if found is not None else parameter["name"]


def _responses(operation: Operation) -> Iterator[str]:
    yield from ("| status | answer |", "|---|---|")
    for status, response in operation["responses"].items():
        codes = codes_of(response)
        if codes:
            yield f"| {status} | {', '.join(f'[`{code}`](#{code})' for code in codes)} |"
            continue
        bodies = ", ".join(
            f"`{media_type}` {type_of(content.get('schema', {}))}".rstrip()
            for media_type, content in response.get("content", {}).items()
        )
        text = cell(response["description"])
        yield f"| {status} | {text}{f': {bodies}' if bodies else ''} |"
    yield ""


def _scope(operation: Operation) -> str:
    if "security" not in operation:
        return "no key"
    ways = [
        ", ".join(f"`{scope}`" for wanted in requirement.values() for scope in wanted)
        for requirement in operation["security"]
    ]
    return " or ".join(way for way in ways if way) or "any key"


def _title(tag: str) -> str:
    return tag[:1].upper() + tag[1:]
