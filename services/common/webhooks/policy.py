"""Where messages may be sent."""

import ipaddress

from services.common.config import WebhookSettings
from services.common.net.guard import UrlPolicy

_TLS_PORTS = frozenset({443, 8443})
_PLAIN_PORTS = frozenset({80, 8080})
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def url_policy(settings: WebhookSettings) -> UrlPolicy:
    """Return what a deployment allows: TLS to public addresses, unless its operator says more."""
    if settings.allow_loopback:
        return UrlPolicy(
            allow_http=True, ports=frozenset(range(1, 65_536)), allow_networks=_LOOPBACK
        )
    ports = _TLS_PORTS | _PLAIN_PORTS if settings.allow_http else _TLS_PORTS
    return UrlPolicy(allow_http=settings.allow_http, ports=ports)
