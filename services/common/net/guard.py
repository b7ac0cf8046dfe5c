"""Which URLs and addresses may be spoken to when a user names them (SSRF guard).

Two looks, because either alone is blind: `check_url` reads a URL without asking anybody, and
`is_public` judges every address that its name leads to, at the moment of the connection
(`services.common.net.connector`).
"""

import ipaddress
import re
from dataclasses import dataclass

import httpx

from services.common.config import FetchSettings, WebhookSettings
from services.common.domain.errors import HferError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARS = 2_048

# Where webhooks may be sent.
_TLS_PORTS = frozenset({443, 8443})
_PLAIN_PORTS = frozenset({80, 8080})
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

# Python's own `is_global` changed its mind in patch releases (3.11.10 moved 192.0.0.0/24), and
# knows nothing of addresses that carry another one. IANA's special-purpose registries, read out,
# and what clouds answer at only from inside:
_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches loopback on Linux
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; clouds put metadata services here too
        "127.0.0.0/8",
        "161.26.0.0/16",  # public by registry, IBM Cloud's own services inside
        "166.8.0.0/14",  # the same
        "168.63.129.16/32",  # public by registry, Azure's host of every virtual machine inside
        "169.254.0.0/16",  # link-local, with the metadata service 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "199.36.153.4/30",  # public by registry, Google's APIs for a VPC without internet
        "199.36.153.8/30",  # the same
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # with broadcast
    )
)
# Only what IANA gave out as global unicast is open at all: that leaves out loopback, IPv4-mapped
# and -compatible addresses, NAT64 (64:ff9b::/96), unique local (with the metadata service
# fd00:ec2::254), link-local and multicast by one rule.
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, with Teredo, which carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# The last label of a host name makes browsers and getaddrinfo read it as a number: 127.1,
# 2130706433, 0x7f.1 and 0177.0.0.1 are all loopback.
_NUMERIC = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$", re.IGNORECASE)


class UrlBlockedError(HferError):
    """A URL, or an address that it leads to, must not be spoken to. Trying again is no use."""

    code = "url-blocked"


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """What a deployment allows.

    Attributes:
        allow_http: whether plain http may be spoken.
        ports: the ports that may be spoken to.
        allow_networks: networks that count as public though they are not, for example the one
            of a company's own photo server.
    """

    allow_http: bool = False
    ports: frozenset[int] = frozenset({80, 443})
    allow_networks: tuple[Network, ...] = ()


def fetch_policy(settings: FetchSettings) -> UrlPolicy:
    """Return which URLs of photos a deployment lets be fetched."""
    return UrlPolicy(
        allow_http=settings.allow_http,
        ports=frozenset(settings.ports),
        allow_networks=settings.allow_networks,
    )


def webhook_policy(settings: WebhookSettings) -> UrlPolicy:
    """Return where messages may go: TLS to public addresses, unless the operator says more."""
    if settings.allow_loopback:
        return UrlPolicy(
            allow_http=True, ports=frozenset(range(1, 65_536)), allow_networks=_LOOPBACK
        )
    ports = _TLS_PORTS | _PLAIN_PORTS if settings.allow_http else _TLS_PORTS
    return UrlPolicy(allow_http=settings.allow_http, ports=ports)


def check_url(url: str | httpx.URL, policy: UrlPolicy) -> None:
    """Refuse a URL that could not be spoken to whatever its name resolves to. Asks no server.

    Raises:
        UrlBlockedError: malformed, another scheme or port, a user name or password in it, a
            host written as a number, or an address that is not public.
    """
    parsed = _parsed(url)
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if parsed.scheme not in schemes:
        raise UrlBlockedError(f"Use a URL that begins with {' or '.join(schemes)}://.")
    if parsed.userinfo:
        raise UrlBlockedError("Leave user name and password out of the URL.")
    host = parsed.raw_host.decode("ascii")
    if not host:
        raise UrlBlockedError("The URL names no host.")
    if _port(parsed) not in policy.ports:
        allowed = ", ".join(map(str, sorted(policy.ports)))
        raise UrlBlockedError(f"The port of the URL is not among {allowed}.")
    literal = parse_address(host)
    if literal is None and _NUMERIC.search(host):
        raise UrlBlockedError("Write the host as a name or as a plain IP address.")
    if literal is not None and not is_allowed(literal, policy):
        raise UrlBlockedError("The URL does not lead to a public address.")


def host_of(url: str) -> str:
    """Return the host of a URL in one spelling, to count by; no other use is safe."""
    try:
        return httpx.URL(url).raw_host.decode("ascii").lower().rstrip(".")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return ""


def is_allowed(address: Address, policy: UrlPolicy) -> bool:
    """Whether ``address`` may be connected to: it is public or in an allowed network."""
    return is_public(address) or any(address in network for network in policy.allow_networks)


def is_public(address: Address) -> bool:
    """Whether ``address`` is global unicast and carries no other address inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address.scope_id is not None or address not in _OPEN_V6:
        return False
    return not any(address in network for network in _CLOSED_V6)


def parse_address(host: str) -> Address | None:
    """Return the address that ``host`` spells out; None for a name. Octets are plain decimals."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _parsed(url: str | httpx.URL) -> httpx.URL:
    """Parse with the client's own parser: two that disagree would let a URL through."""
    if isinstance(url, str) and len(url) > MAX_URL_CHARS:
        raise UrlBlockedError(f"The URL is longer than {MAX_URL_CHARS} characters.")
    try:
        parsed = httpx.URL(url)
        _ = parsed.host  # the client decodes it as well: of an unfit xn-- it is an error only here
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise UrlBlockedError("This is not a valid URL.") from None
    return parsed


def _port(url: httpx.URL) -> int:
    usual = 443 if url.scheme == "https" else 80
    return usual if url.port is None else url.port
