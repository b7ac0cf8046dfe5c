"""Proxies in the way: which one a request goes through, so that errors can name it.

httpx takes them from the environment (or the system's settings, on Windows and macOS) without a
word; half of "the service does not answer" is a proxy that does not know the service.
"""

import os
from collections.abc import Callable
from typing import TypeVar
from urllib.request import getproxies

import httpx

from hfer.errors import SettingsError, bare

Made = TypeVar("Made")


def proxy_of(url: httpx.URL) -> str | None:
    """Name the proxy of a URL and the variable that says so, without its password; None: direct."""
    proxies = getproxies()
    scheme = url.scheme if url.scheme in proxies else "all"
    if scheme not in proxies or _left_out(url.host, proxies.get("no", "")):
        return None
    return f"{_shown(proxies[scheme])} ({_variable(scheme)})"


def way_to(url: httpx.URL, *, proxied: bool) -> str:
    """Say in an error through what proxy a host was asked; empty where there is none."""
    proxy = proxy_of(url) if proxied else None
    if proxy is None:
        return ""
    return (
        f". It was asked through the proxy {proxy}; if {url.host} is reached without it, add"
        f" {url.host} to NO_PROXY"
    )


def made(make: Callable[[], Made]) -> Made:
    """Make a client of httpx, which reads proxies and certificates from the environment.

    Raises:
        SettingsError: what the environment says cannot be used.
    """
    try:
        return make()
    except ImportError as error:
        raise SettingsError(
            f"{_all_shown()} is a SOCKS proxy, which needs a package: pip install 'httpx[socks]'."
        ) from bare(error)
    except OSError as error:
        file = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise SettingsError(f"SSL_CERT_FILE={file} holds no certificates: {error}.") from bare(
            error
        )
    except (ValueError, httpx.InvalidURL) as error:
        raise SettingsError(
            f"The environment's proxy cannot be used: {_all_shown()}. Write it as"
            " http://host:port, or name the service's host in NO_PROXY."
        ) from bare(error)


def _left_out(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host, or a domain that it is of."""
    names = [name.strip().rpartition("://")[2].lstrip("*.") for name in no_proxy.split(",")]
    wanted = [name for name in names if name]
    return "*" in no_proxy.split(",") or any(f".{host}".endswith(f".{name}") for name in wanted)


def _all_shown() -> str:
    proxies = getproxies()
    return ", ".join(
        f"{_variable(scheme)}={_shown(proxies[scheme])}"
        for scheme in ("http", "https", "all")
        if scheme in proxies
    )


def _variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's settings")


def _shown(proxy: str) -> str:
    """Leave out user and password."""
    scheme, _, rest = proxy.rpartition("://")
    host = rest.rpartition("@")[2]
    return f"{scheme}://{host}" if scheme else host
