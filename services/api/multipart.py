"""A multipart/form-data body as a stream of events, on python-multipart's parser."""

from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.api.disposition import read_disposition
from services.api.errors import ApiError
from services.api.problems import ProblemCode


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part starts; ``filename`` is what its sender meant, None for a plain field."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part that began last."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part that began last is whole."""


# The longest name twice: in UTF-8 for older services, and percent-encoded as `filename*`.
_MAX_HEADER_BYTES = 20_000

Event = PartBegin | PartData | PartEnd


class MultipartReader:
    """Turns the chunks of a body into events; it keeps no bytes of its own.

    Headers of a part are capped by the parser: 8 of them, 20 kB each.
    """

    def __init__(self, content_type: str | None) -> None:
        """Read the boundary from the request's ``Content-Type``.

        Raises:
            ApiError: UNSUPPORTED_MEDIA for another type, INVALID_REQUEST without a boundary.
        """
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise ApiError(
                ProblemCode.UNSUPPORTED_MEDIA,
                "Send the files as multipart/form-data, each in a part named 'files'.",
            )
        self._events: list[Event] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = b""
        self._value = b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError:
            raise _malformed() from None
        if not options.get(b"boundary"):
            raise _malformed()

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what ``chunk`` holds.

        Raises:
            ApiError: INVALID_REQUEST, the body is not well formed.
        """
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _malformed() from None
        events, self._events = self._events, []
        yield from events

    def finish(self) -> None:
        """Check that the closing boundary came.

        Raises:
            ApiError: INVALID_REQUEST; without this check a photo cut in half would pass.
        """
        if not self._ended:
            raise ApiError(
                ProblemCode.INVALID_REQUEST,
                "The multipart body ends before its closing boundary; send it again.",
            )

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        kind, name, filename = read_disposition(self._headers.get(b"content-disposition", b""))
        if kind != "form-data" or name is None:
            raise ApiError(
                ProblemCode.INVALID_REQUEST,
                "A part has no 'Content-Disposition: form-data' with a name.",
            )
        self._events.append(PartBegin(name, filename))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(PartEnd())

    def _on_end(self) -> None:
        self._ended = True


def _malformed() -> ApiError:
    return ApiError(ProblemCode.INVALID_REQUEST, "The multipart body is not well formed.")
