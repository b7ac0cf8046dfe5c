"""`/jobs/{id}/rerun`: a job's photos once more, with another model, detector or options."""

import asyncio
import hashlib
import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.forms import read_form
from services.web.gateway import ApiRefusalError, path_of
from services.web.state import leave_message, now, render, see_other, web_of
from services.web.views.jobs import job_view
from services.web.views.rerun import RerunForm, rerun_body, rerun_form
from services.web.views.words import fault_of

# Of these the form says why; others are errors of the page.
_TOLD = frozenset({400, 409, 410, 422, 429})


async def show_rerun(request: Request) -> Response:
    """Show the form; a script takes it into a dialog on the job's page."""
    return await _page(request)


async def run_again(request: Request) -> Response:
    """Make a new job of the photos, and show it; what is refused is told beside the form."""
    fields = await read_form(request)
    job_id = request.path_params["job_id"]
    body = rerun_body(fields)
    headers = {"Idempotency-Key": _key(fields.get("once", ""), json.dumps(body, sort_keys=True))}
    try:
        job = await web_of(request).gateway.post(
            path_of("jobs", job_id, "rerun"), body, headers=headers
        )
    except ApiRefusalError as refusal:
        if refusal.status not in _TOLD:
            raise
        return await _page(request, fields=fields, refusal=refusal)
    leave_message(request, "This is a new job with the same photos. The one before stays as it is.")
    return see_other(request, f"/jobs/{job['id']}")


async def _page(
    request: Request,
    *,
    fields: dict[str, str] | None = None,
    refusal: ApiRefusalError | None = None,
) -> Response:
    web, job_id = web_of(request), request.path_params["job_id"]
    job, models, limits = await asyncio.gather(
        web.gateway.get(path_of("jobs", job_id)),
        web.gateway.get("/v1/models"),
        web.limits(),
    )
    form: RerunForm = rerun_form(job, models.get("data") or (), limits)
    if refusal is not None:
        form = form.refused(fields or {}, refusal.detail)
    status = 200 if refusal is None else fault_of(refusal).status
    return render(
        request, "rerun.html", http_status=status, job=job_view(job, now=now()), form=form
    )


def _key(*fields: str) -> str:
    return hashlib.sha256("\0".join(fields).encode()).hexdigest()[:32]


routes = [
    Route("/jobs/{job_id}/rerun", show_rerun),
    Route("/jobs/{job_id}/rerun", run_again, methods=["POST"]),
]
