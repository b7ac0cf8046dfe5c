"""`/docs`: the reference of this deployment as a page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from services.api.reference.html import page
from services.api.reference.markdown import write_reference

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """Show every operation, schema and problem; written once, on the first request."""
    app = request.app
    if not hasattr(app.state, "reference"):
        app.state.reference = await run_in_threadpool(_write, app.openapi())
    shown: HTMLResponse = app.state.reference
    return shown


def _write(document: dict[str, object]) -> HTMLResponse:
    return page(write_reference(document), title="HFER: API reference")
