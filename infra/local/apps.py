"""Our own processes: API, worker, maintenance loops, what fetches URLs, and the page."""

import os
import signal
import sys
from collections.abc import Callable, Mapping

from infra.local.http import answers
from infra.local.paths import REPOSITORY
from infra.local.ports import LOOPBACK
from infra.local.processes import Program

# A cold worker loads two models; on two busy cores that took most of 20 s.
READY_S = 120.0
MAX_CONCURRENCY = 4
# Celery's six lines about being root; this stack is one person's on loopback.
QUIET = "ignore:You're running the worker with superuser privileges"


def app_programs(environment: Mapping[str, str], *, url: str) -> tuple[Program, ...]:
    """Describe our processes in starting order; the API is ready when the whole service is.

    Args:
        environment: the settings that reach the servers.
        url: where the API will answer.
    """
    return (
        _python("maintenance", "services.maintenance", environment),
        _python("ingest", "services.ingest", environment),
        _python("worker", "services.worker", environment),
        _python("api", "services.api", environment, ready=lambda: answers(f"{url}/readyz")),
    )


def web_program(settings: Mapping[str, str], *, url: str, key: str, admin_key: str) -> Program:
    """Describe the page: it gets its keys and nothing of what reaches the servers.

    Args:
        settings: of all processes; those of the page are picked, and go before the keys.
        url: where it will answer.
        key: what it reads and writes jobs with.
        admin_key: what it changes models with; whoever is at this machine may.
    """
    environment = {
        "HFER_WEB__API_KEY": key,
        "HFER_WEB__ADMIN_API_KEY": admin_key,
        **{name: value for name, value in settings.items() if name.startswith("HFER_WEB__")},
    }
    return _python("web", "services.web", environment, ready=lambda: answers(f"{url}/healthz"))


def addresses(*, api_port: int, web_port: int) -> dict[str, str]:
    """Return where our processes listen and find each other: loopback, on the stack's ports."""
    return {
        "HFER_API__HOST": LOOPBACK,
        "HFER_API__PORT": str(api_port),
        "HFER_WEB__HOST": LOOPBACK,
        "HFER_WEB__PORT": str(web_port),
        "HFER_WEB__API_URL": f"http://{LOOPBACK}:{api_port}",
    }


def defaults(*, admin_key: str, webhook_key: str, receipt_key: str) -> dict[str, str]:
    """Return the settings of our processes that hold where the user says nothing else."""
    cores = len(os.sched_getaffinity(0))
    return {
        "HFER_ENVIRONMENT": "dev",
        "HFER_TELEMETRY__FORMAT": "console",
        "HFER_WORKER__CONCURRENCY": str(min(cores, MAX_CONCURRENCY)),
        "HFER_API__ADMIN_KEY": admin_key,
        "HFER_RECEIPTS__SIGNING_KEY": receipt_key,
        "HFER_WEBHOOKS__KEYS": webhook_key,
        "HFER_WEBHOOKS__ALLOW_LOOPBACK": "true",  # receivers to try run on this machine
    }


def _python(
    name: str,
    module: str,
    environment: Mapping[str, str],
    *,
    ready: Callable[[], bool] = lambda: True,
) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", module),
        env={"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": QUIET, **environment},
        cwd=REPOSITORY,
        ready=ready,
        ready_s=READY_S,
        # The servers die with the launcher, and an orderly end would wait for them: 60 s and
        # more. Work in hand is safe, its lease runs out.
        death_signal=signal.SIGKILL,
    )
