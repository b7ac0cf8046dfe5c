"""Presigned URLs: a client puts one object into the bucket itself, without our keys.

AWS Signature Version 4 in the query string, which every S3 server checks. The `minio` client
signs the host alone; here ``content-length`` is signed as well, so that the bucket itself
refuses a body of another size than was declared. (A POST policy would cap the size too, but
takes a multipart form per file, and fewer servers have it.)
"""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

from services.common.config import StorageSettings

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class UrlSigner:
    """Signs URLs of one bucket. Pure arithmetic: no server is asked.

    The host is part of what is signed, so it must be the one that *clients* dial: a URL signed
    for ``minio:9000`` is of no use outside of its compose network, and one that is rewritten
    afterwards no longer verifies (minio#10222, #11870, #20964).
    """

    def __init__(
        self, base_url: str, *, bucket: str, region: str, access_key: str, secret_key: str
    ) -> None:
        """Sign for the server at ``base_url``, for example ``https://s3.example.org``."""
        parts = urlsplit(base_url)
        named_port = parts.port not in {None, _DEFAULT_PORTS.get(parts.scheme)}
        # Clients leave a scheme's own port out of the Host header.
        self._host = f"{parts.hostname}:{parts.port}" if named_port else f"{parts.hostname}"
        self._base = f"{parts.scheme}://{self._host}"
        self._bucket = bucket
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key
        self._last: tuple[tuple[str, int, str], tuple[str, bytes, str]] = (
            ("", 0, ""),
            ("", b"", ""),
        )

    def put(self, key: str, *, size: int, seconds: int, now: datetime | None = None) -> str:
        """Return a URL under which exactly ``size`` bytes may be PUT as the object ``key``.

        Args:
            key: of the object; one that is there is replaced.
            size: the only ``Content-Length`` that the bucket will take.
            seconds: how long from ``now`` the URL holds; S3 allows up to 604,800.
            now: the moment of signing, by default this one.
        """
        signed = {"content-length": str(size), "host": self._host}
        path = f"/{self._bucket}/{key}"
        return self._presign("PUT", path, signed=signed, seconds=seconds, now=now)

    def _presign(
        self, method: str, path: str, *, signed: dict[str, str], seconds: int, now: datetime | None
    ) -> str:
        moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        names = ";".join(sorted(signed))
        scope, key, query = self._frame(moment, seconds, names)
        path = quote(path, safe="/-_.~")
        headers = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = f"{method}\n{path}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = _hmac(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}").hex()
        return f"{self._base}{path}?{query}&X-Amz-Signature={signature}"

    def _frame(self, moment: str, seconds: int, names: str) -> tuple[str, bytes, str]:
        """Return scope, signing key and query: the same for all URLs signed at one moment.

        Made once per moment: they are two thirds of the work of a URL, and a request signs 1,000.
        """
        asked = (moment, seconds, names)
        known, frame = self._last
        if known == asked:
            return frame
        day = moment[:8]
        scope = f"{day}/{self._region}/s3/aws4_request"
        # In the order of their names, as the canonical request wants them.
        query = urlencode(
            {
                "X-Amz-Algorithm": _ALGORITHM,
                "X-Amz-Credential": f"{self._access_key}/{scope}",
                "X-Amz-Date": moment,
                "X-Amz-Expires": str(seconds),
                "X-Amz-SignedHeaders": names,
            },
            quote_via=quote,
            safe="-_.~",
        )
        key = f"AWS4{self._secret_key}".encode()
        for part in (day, self._region, "s3", "aws4_request"):
            key = _hmac(key, part)
        frame = scope, key, query
        # One assignment of one pair: threads that race only make it twice.
        self._last = asked, frame
        return frame


def build_url_signer(settings: StorageSettings) -> UrlSigner:
    """Build the signer of a process; URLs lead to the public endpoint if there is one."""
    scheme = "https" if settings.secure else "http"
    return UrlSigner(
        settings.public_endpoint or f"{scheme}://{settings.endpoint}",
        bucket=settings.bucket,
        region=settings.region,
        access_key=settings.access_key.get_secret_value(),
        secret_key=settings.secret_key.get_secret_value(),
    )


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
