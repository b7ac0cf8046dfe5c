"""`POST /links`: photos by their addresses, which the service fetches. Works without scripts."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.forms import read_form
from services.web.gateway import ApiRefusalError
from services.web.pages.home import LinksForm, home_page
from services.web.pages.submit import config_of
from services.web.state import see_other, web_of
from services.web.views.links import link_faults, parse_links
from services.web.views.words import fault_of

# 5,000 URLs of 1,600 bytes each, as a form escapes them.
_MAX_BYTES = 8_000_000
_UNPROCESSABLE = 422


async def submit_links(request: Request) -> Response:
    """Make a job of pasted links; what is refused is shown beside what was pasted."""
    fields = await read_form(request, max_bytes=_MAX_BYTES)
    text, name = fields.get("links", ""), fields.get("name", "").strip()
    links = parse_links(text)
    most = int((await web_of(request).limits()).get("request_urls") or 0)
    whole = bool(fields.get("whole"))
    form = LinksForm(text=text, name=name, whole=whole)
    if not links:
        return await _again(request, form, "Paste at least one link to a photo.")
    if len(links) > most:
        return await _again(request, form, f"Up to {most:,} links go at a time: paste fewer.")
    body = {"inputs": [{"url": link} for link in links], "config": config_of(name, whole=whole)}
    headers = {"Idempotency-Key": _key(fields.get("once", ""), name, str(whole), *links)}
    try:
        job = await web_of(request).gateway.post("/v1/jobs", body, headers=headers)
    except ApiRefusalError as refusal:
        if not (faults := link_faults(refusal, links)):
            fault = fault_of(refusal)
            faults = [f"{fault.title}. {fault.detail} {fault.advice}".rstrip()]
            return await _again(request, form, *faults, status=fault.status)
        title = "Nothing was submitted, because of links that may not be fetched."
        return await _again(request, form, title, *faults)
    return see_other(request, f"/jobs/{job['id']}")


async def _again(
    request: Request, form: LinksForm, *faults: str, status: int = _UNPROCESSABLE
) -> Response:
    return await home_page(request, form.refused(faults), http_status=status)


def _key(*fields: str) -> str:
    """Make a double click one job, and a form that was changed another one."""
    form = "\0".join(fields)
    return hashlib.sha256(form.encode()).hexdigest()[:32]


routes = [Route("/links", submit_links, methods=["POST"])]
