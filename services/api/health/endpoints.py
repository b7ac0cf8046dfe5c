"""`/healthz /readyz /metrics /version`. No key needed."""

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Response

from services.api.bodies import JSON
from services.api.dependencies import State
from services.api.health.checks import find_warnings, run_checks
from services.api.health.schemas import UNREADY_EXAMPLE, Alive, CheckObject, Readiness, Version

_METRICS = {
    "text/plain": {
        "schema": {"type": "string"},
        "example": 'hfer_jobs_total{event="submitted"} 12.0\n',
    }
}

router = APIRouter(tags=["operations"])


def service_version() -> str:
    """Return the version of the installed package; ``0+source`` when run from a bare tree."""
    try:
        return version("hfer-service")
    except PackageNotFoundError:
        return "0+source"


@router.get("/healthz", summary="Is the process alive")
async def get_health() -> Alive:
    """Answer while the process can; asks nobody else, not even for a thread."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can photos be analysed",
    responses={
        503: {
            "model": Readiness,
            "description": "Something is red",
            "content": {JSON: {"example": UNREADY_EXAMPLE}},
        }
    },
)
def get_readiness(state: State, response: Response) -> Readiness:
    """Check the database, the broker, the bucket and for a live worker with a model."""
    checks = run_checks(state)
    ready = all(check.ok for check in checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(
        status="ready" if ready else "unready",
        checks={name: CheckObject(**asdict(check)) for name, check in checks.items()},
        warnings=find_warnings(state) if checks["database"].ok else [],
    )


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: {"content": _METRICS}},
)
def get_metrics(state: State) -> Response:
    """Tell every series of this process in Prometheus' text format."""
    return Response(state.metrics.render(), media_type=state.metrics.content_type)


@router.get("/version", summary="What runs here")
async def get_version() -> Version:
    """Tell the version of the service."""
    return Version(version=service_version())
