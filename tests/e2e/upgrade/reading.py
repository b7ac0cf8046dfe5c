"""Requests that only read, and their answers in a form that can be kept and compared."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from typing import Any
from zipfile import ZipFile

import httpx
from PIL import Image

# What may differ without harm, as path template and place in the answer. Signs of life and
# clocks; and texts for people, which may be reworded while codes stay.
VOLATILE = (
    "*:*eta_seconds",
    "/v1/models*:*workers",
    "/v1/api-keys:data.*.last_used_at",
    "/version:version",
    "/metrics:hfer_jobs_*",  # there with the first job that a process takes
    "/metrics:hfer_hints_*",
    "/readyz:*",
    # Opaque. They held numbers of rows and transactions, which tell how many others have.
    "*:next_cursor",
    "/v1/jobs/{job_id}/events:[0-9].id",
    "/v1/jobs/{job_id}/events:[0-9][0-9].id",
    # Raised: what was taken is still taken.
    "/v1/limits:photo_bytes",
    "/v1/limits:photo_pixels",
    "/v1/limits:faces_per_photo",
    "/v1/limits:formats",
    "/v1/limits:request_urls",
    "/problems*:*.title",
    "/problems*:*.detail",
    "/problems:data",  # each is read by itself, and there may be more
    "/problems/{code}:title",
    "/problems/{code}:meaning",
    "/problems/{code}:cause",
    "/problems/{code}:action",
    "/problems/{code}:remedy",
    "/problems/{code}:example.*",
)

# Stands for a member that an object has no more: equal to nothing.
GONE = type("Gone", (), {"__repr__": lambda _: "gone"})()


@dataclass(frozen=True)
class Request:
    """A GET.

    Attributes:
        template: the operation, as the OpenAPI document names its path.
        path: with ids and query.
        key: whose API key it bears; none when None.
        headers: further ones.
    """

    template: str
    path: str
    key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Status, media type and the body as JSON, whatever its format was."""

    status: int
    type: str
    body: Any


@dataclass(frozen=True)
class Reading:
    """A request with the answer that it got."""

    request: Request
    answer: Answer

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Reading":
        answer = Answer(**stored["answer"])
        if answer.type == "text/csv":
            answer = replace(answer, body=_cells(answer.body))
        return cls(Request(**stored["request"]), answer)

    def dump(self) -> dict[str, Any]:
        return asdict(self)


def read(client: httpx.Client, request: Request, keys: dict[str, str]) -> Answer:
    """Send a request with the key of its holder."""
    bearer = {"Authorization": f"Bearer {keys[request.key]}"} if request.key else {}
    response = client.get(request.path, headers={**bearer, **request.headers})
    media_type = response.headers.get("content-type", "").partition(";")[0]
    return Answer(response.status_code, media_type, _body(response, media_type))


def differences(old: Any, new: Any, *, template: str, place: str = "") -> Iterator[str]:
    """Tell what an answer lacks or says otherwise; that objects gain members is no difference."""
    if any(fnmatch(f"{template}:{place}", pattern) for pattern in VOLATILE):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(name, value, new.get(name, GONE)) for name, value in old.items()]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = list(zip(map(str, range(len(old))), old, new, strict=True))
    else:
        if old != new or type(old) is not type(new):
            yield f"{place or 'the body'} was {old!r} and is {new!r}"
        return
    for name, before, after in pairs:
        inner = f"{place}.{name}" if place else name
        yield from differences(before, after, template=template, place=inner)


def _body(response: httpx.Response, media_type: str) -> Any:  # noqa: PLR0911 - a case a format
    if response.url.path == "/openapi.json":
        return _operations(response.json())
    match media_type:
        case "application/problem+json":
            return {name: response.json()[name] for name in ("code", "status", "type")}
        case "application/json":
            body = response.json()
            return json.loads(body) if isinstance(body, str) else body  # hfer's answers
        case "application/x-ndjson":
            return [json.loads(line) for line in response.text.split("\n") if line]
        case "text/csv":
            return _cells(csv.DictReader(io.StringIO(response.text)))
        case "text/event-stream":
            return _events(response.text)
        case "application/zip":
            return dict.fromkeys(ZipFile(io.BytesIO(response.content)).namelist(), "")
        case "image/jpeg" | "image/png":
            return _picture(response.content)
        case "text/plain":
            return dict(re.findall(r"^# TYPE (\S+) (\S+)$", response.text, re.MULTILINE))
        case _:
            return hashlib.sha256(response.content).hexdigest()


def _cells(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Write cells as CSV has them since docs/upgrade.md says so: TRUE, FALSE, 6 decimals."""
    return [{name: _cell(text) for name, text in row.items()} for row in rows]


def _cell(text: str) -> str:
    if text in {"true", "false"}:
        return text.upper()
    return str(round(float(text), 6)) if re.fullmatch(r"-?\d+\.\d+(e-\d+)?", text) else text


def _events(text: str) -> list[dict[str, Any]]:
    blocks = [
        dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        for block in text.strip().split("\n\n")
    ]
    return [{**block, "data": json.loads(block["data"])} for block in blocks if "data" in block]


def _picture(content: bytes) -> dict[str, int]:
    with Image.open(io.BytesIO(content)) as image:
        return {"width": image.width, "height": image.height}


def _operations(document: dict[str, Any]) -> dict[str, Any]:
    """Reduce the OpenAPI document to operations, their parameters and their answers."""
    return {
        path: {
            method: {
                "parameters": {
                    parameter["name"]: parameter["in"]
                    for parameter in operation.get("parameters", ())
                },
                "responses": dict.fromkeys(operation["responses"], ""),
            }
            for method, operation in methods.items()
        }
        for path, methods in document["paths"].items()
    }
