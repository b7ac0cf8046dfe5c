"""``python -m services.api``: serve the API with uvicorn."""

import contextlib
import sys

import uvicorn

from services.api.app import create_app
from services.api.state import ApiState
from services.common.config import Settings
from services.common.environment import read_or_exit
from services.common.telemetry import configure_logging
from services.http.connections import limited
from services.http.shutdown import StreamEndingServer

# Running requests get this long when the process is asked to stop.
_DRAIN_S = 10
_NOT_STARTED = 3  # as `uvicorn` itself ends


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 2 for wrong settings, 3 when the start failed."""
    settings = read_or_exit(Settings)
    configure_logging(settings.telemetry, service="api")
    app = create_app(settings)
    state: ApiState = app.state.api
    config = uvicorn.Config(
        app,
        http=limited(settings.api),
        host=settings.api.host,
        port=settings.api.port,
        log_config=None,  # uvicorn's lines take our format
        access_log=False,
        server_header=False,
        proxy_headers=False,  # services.api.address reads them, and trusts nobody by default
        timeout_keep_alive=settings.api.keep_alive_s,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    server = StreamEndingServer(config, end_streams=state.watch.close)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
        server.run()
    return 0 if server.started else _NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
