"""Listings of the service, page by page."""

from collections.abc import AsyncGenerator, Mapping, Sequence

from hfer._transport import Call, Transport
from hfer.errors import UnexpectedAnswerError


async def entries(
    transport: Transport, path: str, *, query: Mapping[str, str | Sequence[str]] | None = None
) -> AsyncGenerator[object, None]:
    """Iterate over the parsed entries of a listing, asking for a page when it is needed.

    Raises:
        UnexpectedAnswerError: the answer is no listing.
    """
    asked = dict(query or {})
    while True:
        page = await transport.send_json(Call("GET", path, query=asked))
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise UnexpectedAnswerError(f"The list at {path} has an unknown shape.")
        for entry in page["data"]:
            yield entry
        if not page.get("next_cursor"):
            return
        asked["cursor"] = str(page["next_cursor"])
