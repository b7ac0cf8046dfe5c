"""``python -m services.web``: serve the page with uvicorn."""

import sys

import uvicorn
from pydantic import ValidationError

from services.web.app import create_app
from services.web.settings import WebSettings

# Uploads under way get this long when the process is asked to stop.
_DRAIN_S = 10


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 2 when the settings do not fit."""
    try:
        settings = WebSettings()
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name = "__".join(["HFER_WEB", *map(str, fault["loc"])]).upper()
            print(f"error: {name}: {fault['msg']}", file=sys.stderr)  # noqa: T201 - before any log
        return 2
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        # Addresses of visitors are not logged, so nobody is asked who they are.
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
