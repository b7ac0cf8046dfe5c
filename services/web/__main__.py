"""``python -m services.web``: serve the page with uvicorn."""

import contextlib
import sys

import uvicorn
from pydantic import ValidationError

from services.http.connections import limited
from services.http.shutdown import StreamEndingServer
from services.web.app import create_app
from services.web.secret_files import SecretFileError
from services.web.settings import WebSettings, sentences

# Uploads under way get this long when the process is asked to stop.
_DRAIN_S = 10
_SHARED_ADDRESS = (
    "warning: HFER_WEB__TRUSTED_PROXIES is not set: if all visitors come by one proxy, who guesses"
    " the password makes everybody wait who is not logged in (docs/proxies.md)."
)
_NOT_STARTED = 3  # as `uvicorn` itself ends


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 2 when the settings do not fit, 3 when the start failed."""
    try:
        settings = WebSettings()
    except ValidationError as error:
        for sentence in sentences(error):
            print(f"error: {sentence}", file=sys.stderr)  # noqa: T201 - before any log
        return 2
    except SecretFileError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if settings.password and settings.public_url and not settings.trusted_proxies:
        print(_SHARED_ADDRESS, file=sys.stderr)  # noqa: T201 - as above
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=limited(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        # Addresses of visitors are not logged, but of those who log in (audit_log.py).
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    server = StreamEndingServer(config, end_streams=app.state.web.streams.close)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
        server.run()
    return 0 if server.started else _NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
