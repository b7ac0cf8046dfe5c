"""Write docs/configuration.md from the settings classes and the options of the client."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import typer.main
from pydantic.fields import FieldInfo

from hfer.cli.app import app as client
from scripts.configuration_readers import readers
from scripts.generated_page import DOCS, write_page
from services.api.reference.schemas import cell, type_of
from services.api.state import STALL_S
from services.common.api_settings import ApiSettings
from services.common.config import Settings
from services.common.limit_settings import LimitSettings
from services.web.settings import WebSettings

PAGE = DOCS / "configuration.md"
_HEAD = """# Configuration

Written from the settings classes ([general](../services/common/config.py),
[web](../services/web/settings.py)) and the client's options by `make docs`; do not edit it.
[.env.example](../.env.example) is the same as a file to fill in; `make run` needs none of it.

Every process reads its settings once, at the start, from environment variables. A misspelt name
within a group, or a value out of its range, ends the start with code 2 and a sentence that names
the variable and shows no value. Lists are JSON. Megabytes have 1,000,000 bytes. **Required**
settings have no default. A *secret* is kept out of logs and messages; pass it from a secret store,
not in an image or a repository. White space around it, such as the newline at the end of a file, is
no part of it; an empty one, or one with control characters, ends the start.

**Secrets from files.** Each secret may stand in a file that the variable with `_FILE` behind its
name names: `HFER_DATABASE__URL_FILE=/run/secrets/database-url` in place of `HFER_DATABASE__URL`.
The file is read once, at the start; both set, or a file that cannot be read, ends it.

| process | started by |
|---|---|
| api | `python -m services.api` |
| maintenance | `python -m services.maintenance` |
| ingest | `python -m services.ingest` |
| worker | `python -m services.worker` |
| web | `python -m services.web` |
| migrate | `alembic upgrade head` |
| trainer | `python -m services.trainer` |
"""
_TABLE = (
    "| variable | type and range | default | what it does | read by |",
    "|---|---|---|---|---|",
)
_CAPS = """## What one caller can hold up

Caps and deadlines of API and page, of each process. Those of keys and tenants hold for all
processes of the API together (of bodies and streams each process gives an eighth away without
asking: eight processes may let up to twice as many in,
[ADR 0035](adr/0035-usage-and-limits-of-tenants.md)), and can be set for one tenant
(`/v1/tenants`, `hfer tenants set`);
`GET /v1/limits` tells a caller its own.

| of | cap or deadline | else | variable |
|---|---|---|---|"""
# What is bounded, how it is said of the setting, and what happens beyond it.
_CAPPED = (
    ("connections", "{} open at a time", "an idle one is closed, or 503", "CONNECTIONS"),
    ("an idle connection", "{} s", "it is closed", "KEEP_ALIVE_S"),
    ("request line and headers", "{} bytes", "431", "HEAD_BYTES"),
    ("the time in which they come", "{} s", "408", "HEAD_S"),
    ("the time in which a whole body comes", "{} s", "408", "BODY_S"),
    ("a body's pace", "any for {} s", "-", "BODY_GRACE_S"),
    ("a body's pace after that", "{} bytes a second, in the mean", "408", "BODY_PACE"),
)
_CAPPED_OF_TENANTS = (
    ("event streams of a tenant", "{} at a time, per process", "429", "LISTENERS"),
    ("photos of a tenant that wait or run", "{}", "429", "QUEUE_CAP_PHOTOS"),
)
_CAPPED_OF_KEYS = (
    ("bodies that a key sends", "{} at a time", "429", "open_uploads"),
    ("requests of a key", "{} a second", "429", "requests_per_second"),
    ("event streams of a key", "{} at a time", "429", "open_streams"),
    ("photos of a tenant", "{} a day", "429", "photos_per_day"),
    ("photos of a tenant that are kept", "{} bytes", "429", "stored_bytes"),
)
_FIXED = (
    ("silence within a body of photos or files", f"{STALL_S:g} s", "408", "fixed"),
    ("a body", "`request_bytes`, `bundle_bytes`; 1 MB of most others", "413", "`/v1/limits`"),
    ("downloads of a tenant", "1 is written at a time, per process", "others wait", "fixed"),
)
_UNITS = (("_ms", "milliseconds"), ("_s", "seconds"), ("_mb", "MB"))
_CLIENT = """## The client

Read by the command `hfer` on a user's machine; an option goes before its variable. The classes
`Client` and `AsyncClient` take URL and key as arguments and read neither.
"""
_CLIENT_STATE = (
    "| `XDG_STATE_HOME` | | path | `~/.local/state` | where `hfer submit` notes an upload under"
    " way, below `hfer/`, to go on with it later |"
)

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the page shows it."""

    variable: str
    kind: str
    default: str
    said: str
    readers: str

    def markdown(self) -> str:
        """Return its line of the table."""
        name = f"`{self.variable}`"
        return (
            f"| {name} | {cell(self.kind)} | {self.default} | {cell(self.said)} | {self.readers} |"
        )


def configuration() -> str:
    """Return what docs/configuration.md should hold."""
    document = Settings.model_json_schema()
    general = Settings.model_config["env_prefix"]
    lines = [_HEAD, "## General", "", *_TABLE]
    groups = {}
    for name, field in Settings.model_fields.items():
        if "$ref" in document["properties"][name]:
            groups[name] = document["$defs"][
                document["properties"][name]["$ref"].rpartition("/")[2]
            ]
        else:
            schema = document["properties"][name]
            lines.append(_row(general, "", name, field, schema).markdown())
    lines += ["", *_caps()]
    for name, schema in groups.items():
        lines += ["", *_group(f"{general}{name}__", name, Settings.model_fields[name], schema)]
    lines += ["", "## Web", "", "The page. It reads nothing but these.", "", *_TABLE]
    web = WebSettings.model_json_schema()["properties"]
    prefix = WebSettings.model_config["env_prefix"]
    lines += [
        _row(prefix, "web", name, field, web[name]).markdown()
        for name, field in WebSettings.model_fields.items()
    ]
    return "\n".join([*lines, "", _CLIENT, *_client_rows()]) + "\n"


def _caps() -> Iterator[str]:
    yield _CAPS
    for what, said, beyond, name in _CAPPED:
        default = ApiSettings.model_fields[name.lower()].default
        variables = f"`HFER_API__{name}`, `HFER_WEB__{name}`"
        yield f"| {what} | {said.format(f'{default:,g}')} | {beyond} | {variables} |"
    for what, said, beyond, name in _FIXED:
        yield f"| {what} | {said} | {beyond} | {name} |"
    for what, said, beyond, name in _CAPPED_OF_TENANTS:
        default = ApiSettings.model_fields[name.lower()].default
        yield f"| {what} | {said.format(f'{default:,}')} | {beyond} | `HFER_API__{name}` |"
    for what, said, beyond, name in _CAPPED_OF_KEYS:
        default = LimitSettings.model_fields[name].default
        cap = said.format(f"{default:,}") if default else "none"
        yield f"| {what} | {cap} | {beyond} | `HFER_LIMITS__{name.upper()}` |"


def _group(prefix: str, name: str, group: FieldInfo, schema: Schema) -> Iterator[str]:
    yield from (
        f"## {name.capitalize()}",
        "",
        " ".join(schema["description"].replace("``", "`").split()),
        "",
        *_TABLE,
    )
    fields: dict[str, FieldInfo] = group.annotation.model_fields  # type: ignore[union-attr]
    for field, info in fields.items():
        yield _row(prefix, name, field, info, schema["properties"][field]).markdown()


def _row(prefix: str, group: str, name: str, field: FieldInfo, schema: Schema) -> Row:
    if not field.description:
        raise ValueError(f"{prefix}{name}: say in its class what it does: Field(description=…)")
    return Row(
        variable=f"{prefix}{name}".upper(),
        kind=_kind(name, schema),
        default="**required**" if field.is_required() else _default(field.default),
        said=field.description,
        readers=", ".join(readers(group, name)),
    )


def _kind(name: str, schema: Schema) -> str:
    """Say type, unit and range; ``or null`` goes, as an unset variable is how null is written."""
    choices = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if "format" in choices[0] and choices[0]["format"] == "password":
        return "*secret*"
    words = _in_words(choices[0])
    kind, comma, bounds = words.partition(",")
    unit = next((unit for suffix, unit in _UNITS if name.endswith(suffix)), None)
    pattern = f", matching `{choices[0]['pattern']}`" if "pattern" in choices[0] else ""
    return (f"{kind} of {unit}" if unit else kind) + comma + bounds + pattern


def _in_words(schema: Schema) -> str:
    if schema.get("type") == "array":
        inner = schema["items"]
        return "list of networks" if inner.get("format") == "ipvanynetwork" else type_of(schema)
    return type_of(schema)


def _default(value: Any) -> str:
    if value is None or value == "":
        return "unset"
    if isinstance(value, (tuple, list)):
        return f"`{json.dumps(list(value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _client_rows() -> Iterator[str]:
    yield from ("| variable | option | type | default | what it does |", "|---|---|---|---|---|")
    found = {}
    group = typer.main.get_command(client)
    for command in _commands(group):
        for option in command.params:
            for variable in _variables(option):
                kind = "*secret*" if variable.endswith("_KEY") else "text"
                found[variable] = (
                    f"| `{variable}` | `{option.opts[0]}` | {kind} | **required** |"
                    f" {cell(option.help or '')} |"
                )
    yield from (found[variable] for variable in sorted(found, reverse=True))
    yield _CLIENT_STATE


def _commands(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from _commands(child)


def _variables(option: Any) -> list[str]:
    named = option.envvar
    return [named] if isinstance(named, str) else list(named or ())


def main() -> int:
    """Write the page."""
    write_page(PAGE, configuration())
    return 0


if __name__ == "__main__":
    sys.exit(main())
