"""The policies of a deployment, from its settings."""

from services.common.config import FetchSettings
from services.common.net.guard import UrlPolicy


def fetch_policy(settings: FetchSettings) -> UrlPolicy:
    """Return which URLs of photos may be fetched."""
    return UrlPolicy(
        allow_http=settings.allow_http,
        ports=frozenset(settings.ports),
        allow_networks=settings.allow_networks,
    )
