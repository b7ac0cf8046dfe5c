"""`/openapi.json` and `/docs`: the reference of this deployment, for programs and for people."""

import hashlib
import json
from typing import NamedTuple

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from services.api.etags import matches
from services.api.reference.html import page
from services.api.reference.markdown import write_reference
from services.api.reference.written import Written

router = APIRouter(include_in_schema=False)

_TITLE = "HFER: API reference"


class Document(NamedTuple):
    """The OpenAPI document as it is sent, and its hash."""

    body: bytes
    sha256: str


class Reference:
    """Both forms, each written once."""

    def __init__(self, app: FastAPI) -> None:
        self.document = Written(lambda: _document(app))
        self.page = Written(lambda: page(write_reference(app.openapi()), title=_TITLE))


@router.get("/openapi.json")
async def get_openapi(request: Request) -> Response:
    """Send the document; below a path prefix it names this as its server."""
    reference: Reference = request.app.state.reference
    body, sha256 = await reference.document()
    if prefix := request.scope.get("root_path", ""):
        servers = json.dumps({"servers": [{"url": prefix}]}).encode()
        body = servers[:-1] + b"," + body[1:]
        sha256 = hashlib.sha256(f"{sha256}{prefix}".encode()).hexdigest()
    headers = {"ETag": f'"{sha256[:24]}"', "Cache-Control": "no-cache"}
    if matches(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """Show every operation, schema and problem."""
    reference: Reference = request.app.state.reference
    return await reference.page()


def _document(app: FastAPI) -> Document:
    body = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    return Document(body, hashlib.sha256(body).hexdigest())
