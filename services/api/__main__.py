"""``python -m services.api``: serve the API with uvicorn."""

import uvicorn

from services.common.config import Settings
from services.common.telemetry import configure_logging

# Running requests get this long when the process is asked to stop.
_DRAIN_S = 10


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    settings = Settings()
    configure_logging(settings.telemetry, service="api")
    uvicorn.run(
        "services.api.app:create_app",
        factory=True,
        host=settings.api.host,
        port=settings.api.port,
        log_config=None,  # uvicorn's lines take our format
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )


if __name__ == "__main__":
    main()
