"""Every call to the API. The keys are known here and appear in no answer, page or log line."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from services.web.settings import WebSettings

Query = Mapping[str, str | int | float | Sequence[str]]

# Reading waits longest: a gigabyte is answered when the API has stored its last byte.
_TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=120.0, pool=30.0)
# Two browsers' six connections each, and uploads beside them. One that is idle here is closed long
# before the API or a proxy between does so: it could close under a request.
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=2.0)
_ERROR = 400
_OVERLOADED = 503
_PICTURE_TRIES = 3
_LONGEST_PAUSE_S = 5.0


class ApiError(Exception):
    """Base of what can go wrong on the way to the API.

    Attributes:
        detail: a sentence of ours or of the API's, for people; never the text of an exception of
            a library, which quotes what it was given: httpx the header with the key.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ApiUnreachableError(ApiError):
    """The API gave no answer."""


@dataclass
class ApiRefusalError(ApiError):
    """The API answered with a problem (RFC 9457).

    Attributes:
        status: HTTP status.
        code: stable slug, ``http-<status>`` when the answer was no problem of the API's.
        detail: a sentence of the API's.
        title: what all problems of this code share, in the API's words; "" without one.
        request_id: what the operator finds the request by.
        retry_after: seconds, as the API asked, or None.
        faults: where in the request faults lie, and what they are.
        current: what is there in place of what the request expected.
    """

    status: int
    code: str
    detail: str
    title: str = ""
    request_id: str = ""
    retry_after: float | None = None
    faults: tuple[tuple[str, str], ...] = ()
    current: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        super().__init__(self.detail)


class Gateway:
    """Speaks to one API with the page's key, or with the administrator's where asked to."""

    def __init__(
        self, settings: WebSettings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._key = settings.api_key.get_secret_value()
        admin = settings.admin_api_key
        self._admin_key = admin.get_secret_value() if admin else None
        self._http = httpx.AsyncClient(
            base_url=settings.api_url.rstrip("/"),
            headers={"User-Agent": "hfer-web"},
            timeout=_TIMEOUT,
            limits=_LIMITS,
            transport=transport,
            trust_env=False,
        )
        # The bucket's client: it must never carry a key.
        self._bucket = httpx.AsyncClient(timeout=_TIMEOUT, transport=transport, trust_env=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._bucket.aclose()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """Return the JSON object at ``path``."""
        async with self.opened("GET", path, query=query) as response:
            return await _json(response)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        admin: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send ``body`` as JSON and return the JSON object that is answered."""
        request: dict[str, Any] = {} if body is None else {"json": body}
        async with self.opened("POST", path, admin=admin, headers=headers, **request) as response:
            return await _json(response)

    async def delete(self, path: str) -> None:
        """Delete what is at ``path``."""
        async with self.opened("DELETE", path):
            return

    async def submit(
        self, body: AsyncIterable[bytes], *, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Pass a multipart body on as it comes, and return the job that it became."""
        async with self.opened("POST", "/v1/jobs", headers=headers, content=body) as response:
            return await _json(response)

    async def picture(self, path: str, query: Query | None = None) -> tuple[bytes, str]:
        """Return a picture and its media type; an API that is busy drawing is asked again."""
        tries = 1
        while True:
            try:
                async with self.opened("GET", path, query=query) as response:
                    return await response.aread(), response.headers.get("content-type", "")
            except ApiRefusalError as refusal:
                if refusal.status != _OVERLOADED or tries == _PICTURE_TRIES:
                    raise
                pause = 1.0 if refusal.retry_after is None else refusal.retry_after
                await asyncio.sleep(min(pause, _LONGEST_PAUSE_S))
                tries += 1

    async def put(self, url: str, body: AsyncIterable[bytes], *, size: int) -> None:
        """Put ``size`` bytes at a presigned URL.

        Raises:
            ApiUnreachableError: the bucket did not take them.
        """
        try:
            headers = {"Content-Length": str(size)}
            response = await self._bucket.put(url, content=body, headers=headers)
        except httpx.TransportError as error:
            raise ApiUnreachableError(_silence("bucket", error)) from error
        if not response.is_success:
            raise ApiUnreachableError(f"The bucket refused a photo ({response.status_code}).")

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        admin: bool = False,
        **more: Any,
    ) -> AsyncIterator[httpx.Response]:
        """Give a successful answer whose body is still to be read.

        Raises:
            ApiRefusalError: the API said no.
            ApiUnreachableError: it said nothing.
        """
        key = self._admin_key if admin else self._key
        headers = {**(more.pop("headers", None) or {}), "Authorization": f"Bearer {key}"}
        request = self._http.build_request(method, path, params=query, headers=headers, **more)
        try:
            response = await self._send(request)
            try:
                if response.status_code >= _ERROR:
                    raise _refusal(response, await response.aread())
                yield response
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            raise ApiUnreachableError(_silence("API", error)) from error

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Send; what only reads is sent anew when the connection broke before an answer began."""
        try:
            return await self._http.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if request.method != "GET":
                raise
            return await self._http.send(request, stream=True)


def path_of(*parts: str) -> str:
    """Join ids and fixed parts to a path of the API; whatever a browser sent stays one part."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


async def _json(response: httpx.Response) -> dict[str, Any]:
    await response.aread()
    try:
        body = response.json()
    except ValueError as error:
        raise ApiUnreachableError(
            "The API's answer is no JSON. Is HFER_WEB__API_URL the URL of an HFER API?"
        ) from error
    return body if isinstance(body, dict) else {}


def _refusal(response: httpx.Response, raw: bytes) -> ApiRefusalError:
    try:
        body = httpx.Response(200, content=raw).json()
    except ValueError:
        body = {}
    known = body if isinstance(body, dict) else {}
    wait = response.headers.get("retry-after", "")
    return ApiRefusalError(
        status=response.status_code,
        code=str(known.get("code") or f"http-{response.status_code}"),
        detail=str(known.get("detail") or f"The API answered {response.status_code}."),
        title=str(known.get("title") or ""),
        request_id=str(known.get("request_id") or response.headers.get("x-request-id", "")),
        retry_after=float(wait) if wait.isdecimal() else None,
        faults=tuple(
            (str(fault.get("pointer", "")), str(fault.get("detail", "")))
            for fault in known.get("errors") or ()
            if isinstance(fault, dict)
        ),
        current=tuple(one for one in known.get("current") or () if isinstance(one, dict)),
    )


def _silence(who: str, error: httpx.TransportError) -> str:
    """Name the kind of the failure, by which an operator knows a refusal from a timeout."""
    return f"No answer from the {who} ({type(error).__name__})."
