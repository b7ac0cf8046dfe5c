"""The application factory: routes, errors, middleware, and a lifespan that builds and closes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import ModuleType

from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from services.api.address import AddressMiddleware
from services.api.audit import endpoints as audit
from services.api.catalogue import endpoints as catalogue
from services.api.compat import endpoints as compat
from services.api.cors import allow_origins
from services.api.datasets import endpoints as datasets
from services.api.docs import DESCRIPTION, TITLE
from services.api.erasures import endpoints as erasures
from services.api.errors import register_error_handlers
from services.api.events import endpoints as events
from services.api.health import endpoints as health
from services.api.jobs import endpoints as jobs
from services.api.jobs import erase_photos, listing, rerun
from services.api.jobs.results import (
    artifacts,
    counts,
    crops,
    diff,
    facets,
    order,
    pictures,
    summary,
)
from services.api.jobs.results import endpoints as results
from services.api.jobs.submission import endpoints as submission
from services.api.jobs.submission.json_body import MAX_URLS_BYTES
from services.api.keys import endpoints as keys
from services.api.limits import endpoints as limits
from services.api.middleware import BodyLimitMiddleware, HeadMiddleware, RequestContextMiddleware
from services.api.models import canary, files
from services.api.models import endpoints as models
from services.api.models.bundle_reader import MAX_BUNDLE_BYTES
from services.api.openapi import build_document, operation_id
from services.api.page import endpoints as page
from services.api.reference import endpoints as reference
from services.api.reviews import draws as review_draws
from services.api.reviews import endpoints as reviews
from services.api.reviews import faces as face_reviews
from services.api.reviews import listing as review_listing
from services.api.reviews import summary as review_summary
from services.api.state import ApiState, build_state
from services.api.tenants import endpoints as tenants
from services.api.tracing import instrument
from services.api.uploads import endpoints as uploads
from services.api.uploads.schemas import MAX_BODY_BYTES
from services.api.usage import endpoints as usage
from services.api.webhooks import deliveries
from services.api.webhooks import endpoints as webhooks
from services.common.config import Settings
from services.common.db.session import unit_of_work
from services.common.domain.errors import TransientError
from services.common.domain.limits import PhotoLimits
from services.common.keys.service import ensure_bootstrap_key
from services.common.telemetry import get_logger
from services.imaging.open_formats import closed_formats, is_confined

# JSON bodies are a few hundred bytes; only photos, model bundles and lists of files are large.
_SMALL_BODY_BYTES = 1_000_000
_UPLOADS = "/v1/uploads"
_BOOTSTRAP_PAUSE_S = 2.0

_log = get_logger(__name__)


def _routes_of(*domains: ModuleType) -> list[BaseRoute]:
    """Put routers together, once for all applications of this process.

    FastAPI resolves the parameters of an included route at the first request and keeps them with
    the inclusion. Included anew by each application, that was 18 % of the profile of
    tests/integration/api/test_auth.py.
    """
    together = APIRouter(generate_unique_id_function=operation_id)
    for domain in domains:
        together.include_router(domain.router)
    return together.routes


# The canary before the models: its path would be read as a model's id. So would `/v1/jobs/urls`.
_ROUTES = _routes_of(
    submission,
    jobs,
    rerun,
    erase_photos,
    listing,
    results,
    summary,
    order,
    facets,
    counts,
    diff,
    pictures,
    crops,
    artifacts,
    reviews,
    face_reviews,
    datasets,
    review_draws,
    review_listing,
    review_summary,
    events,
    uploads,
    canary,
    models,
    files,
    limits,
    keys,
    tenants,
    audit,
    erasures,
    usage,
    webhooks,
    deliveries,
    page,
    catalogue,
    reference,
    health,
)
_COMPAT_ROUTES = _routes_of(compat)


def create_app(
    settings: Settings | None = None, *, build: Callable[[Settings], ApiState] = build_state
) -> FastAPI:
    """Build the application.

    Args:
        settings: read from the environment when None.
        build: makes the clients that live as long as the application.
    """
    chosen = settings or Settings()  # the required groups come from the environment
    state = build(chosen)
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=health.service_version(),
        license_info={"name": "MIT", "identifier": "MIT"},
        lifespan=_lifespan(state),
        # Both pages of FastAPI run scripts of a foreign host; ours is services/api/reference.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # put into JSON anew for each request
    )
    app.state.api = state
    app.state.reference = reference.Reference(app)
    app.state.public_base = chosen.api.public_base
    app.router.routes.extend(_ROUTES)
    if chosen.compat.enabled:
        app.router.routes.extend(_COMPAT_ROUTES)
        if chosen.compat.anonymous_key is not None:
            _log.warning("compat.open", detail="/upload_image and /emotions need no key")
    register_error_handlers(app, metrics=state.metrics)
    app.add_middleware(BodyLimitMiddleware, limit_of=_body_limit(state.limits))
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestContextMiddleware, metrics=state.metrics, tracing=state.tracing)
    if chosen.api.cors_origins:
        allow_origins(app, chosen.api.cors_origins)
    app.add_middleware(
        AddressMiddleware,
        public_base=chosen.api.public_base,
        trusted_proxies=chosen.api.trusted_proxies,
    )
    instrument(app, state.tracing)
    app.openapi = lambda: build_document(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def _lifespan(state: ApiState) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        later = None
        await run_in_threadpool(_check_children)
        if not await run_in_threadpool(_bootstrapped, state):
            later = asyncio.create_task(_bootstrap_later(state))
        try:
            yield
        finally:
            if later is not None:
                later.cancel()
                await asyncio.wait([later])
            await run_in_threadpool(state.close)

    return lifespan


def _check_children() -> None:
    """Say what pictures are not read here, and whether what reads them is confined."""
    try:
        for name, reason in closed_formats().items():
            _log.warning("format.closed", format=name, reason=reason)
        if not is_confined():
            _log.warning("children.unconfined", detail="the kernel allows no seccomp filter")
    except TransientError as error:
        _log.error("children.do_not_start", detail=error.detail)


def _bootstrapped(state: ApiState) -> bool:
    """Store the operator's key if one is configured; False when the database does not answer."""
    secret = state.settings.api.admin_key
    if secret is None:
        return True
    try:
        with unit_of_work(state.sessions) as session:
            placed = ensure_bootstrap_key(session, secret.get_secret_value())
    except SQLAlchemyError as error:
        _log.warning("bootstrap.postponed", error=type(error).__name__)
        return False
    if not placed:
        _log.error(
            "bootstrap.revoked",
            detail="the key in HFER_API__ADMIN_KEY was revoked and stays so; set another secret",
        )
    return True


async def _bootstrap_later(state: ApiState) -> None:
    """Try until the database answers: the API itself starts and says 503 without it."""
    done = False
    while not done:
        await asyncio.sleep(_BOOTSTRAP_PAUSE_S)
        done = await run_in_threadpool(_bootstrapped, state)


def _body_limit(limits: PhotoLimits) -> Callable[[str, str], int]:
    def limit_of(method: str, path: str) -> int:
        large = {
            "/v1/jobs": limits.request_bytes,
            "/v1/jobs/urls": MAX_URLS_BYTES,
            "/v1/models": MAX_BUNDLE_BYTES,
            "/upload_image": limits.photo_bytes + _SMALL_BODY_BYTES,
        }
        if path == "/emotions":  # hfer reads an image from the body of a GET
            return limits.photo_bytes + _SMALL_BODY_BYTES
        if method != "POST":
            return _SMALL_BODY_BYTES
        usual = MAX_BODY_BYTES if path.startswith(_UPLOADS) else _SMALL_BODY_BYTES
        return large.get(path.rstrip("/"), usual)

    return limit_of
