"""Small forms of our own pages: url-encoded, a few fields."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MAX_BYTES = 10_000
_MAX_FIELDS = 20


async def read_form(request: Request, *, max_bytes: int = _MAX_BYTES) -> dict[str, str]:
    """Read a form's fields.

    Raises:
        HTTPException: 413 or 400, it is larger than any form of ours, or none.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > max_bytes:
            raise HTTPException(413, "The form is too large.")
    try:
        return dict(parse_qsl(raw.decode(), max_num_fields=_MAX_FIELDS, keep_blank_values=True))
    except ValueError:
        raise HTTPException(400, "The form cannot be read; reload the page.") from None
