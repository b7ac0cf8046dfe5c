from collections.abc import Iterator

import httpx
import pytest

from hfer import RetryPolicy
from hfer._retry import ONCE
from hfer._transport import Call, Transport
from hfer._wire import BlockingWire, iterate, run
from hfer.errors import (
    ConflictError,
    NotFoundError,
    RateLimitedError,
    ServiceError,
    ServiceUnreachableError,
    SettingsError,
    UnexpectedAnswerError,
)
from tests.fixtures.fake_service import KEY, URL, FakeService, problem

LIMITS = Call("GET", "/v1/limits")


@pytest.fixture
def transport(service: FakeService) -> Transport:
    wire = BlockingWire(transport=service.transport, sleep=service.sleep)
    return Transport(URL + "/", KEY, wire=wire, retry=RetryPolicy(attempts=3))


class TestSend:
    def test_sends_the_key_and_says_who_asks(
        self, service: FakeService, transport: Transport
    ) -> None:
        run(transport.send(LIMITS))
        request = service.requests[0]
        assert str(request.url) == f"{URL}/v1/limits"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["User-Agent"].startswith("hfer-client/")

    @pytest.mark.parametrize(
        "url",
        ["ftp://hfer.test", "", "http://", "http://hfer.test:port", "http://[::1", "http://a\nb"],
    )
    def test_a_url_that_cannot_be_right_is_a_typed_error(self, url: str) -> None:
        with pytest.raises(SettingsError, match="URL"):
            Transport(url, KEY, wire=BlockingWire(), retry=RetryPolicy())

    @pytest.mark.parametrize("key", ["", " ", "hfer_dev_…", "hfer\ndev"])
    def test_a_key_that_no_header_can_carry_is_a_typed_error(self, key: str) -> None:
        with pytest.raises(SettingsError, match="API key"):
            Transport(URL, key, wire=BlockingWire(), retry=RetryPolicy())

    def test_an_answer_without_json_is_not_the_service(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(httpx.Response(200, text="<html>Welcome to nginx"))
        with pytest.raises(UnexpectedAnswerError, match="HFER service"):
            run(transport.send_json(LIMITS))


class TestRetries:
    @pytest.mark.parametrize(
        "upset",
        [
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("cut"),
            problem(429, "rate-limited"),
            problem(503, "overloaded"),
            httpx.Response(502, text="bad gateway"),
            problem(409, "idempotency-in-progress"),
        ],
    )
    def test_tries_again(
        self, service: FakeService, transport: Transport, upset: httpx.Response | Exception
    ) -> None:
        service.upsets.append(upset)
        assert run(transport.send(LIMITS)).status_code == 200
        assert len(service.requests) == 2
        assert 0.25 <= service.pauses[0] <= 0.5

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (404, "not-found", NotFoundError),
            (409, "job-final", ConflictError),
            (500, "internal", ServiceError),
        ],
    )
    def test_takes_an_answer_for_an_answer(
        self,
        service: FakeService,
        transport: Transport,
        status: int,
        code: str,
        kind: type[Exception],
    ) -> None:
        service.upsets.append(problem(status, code))
        with pytest.raises(kind):
            run(transport.send(LIMITS))
        assert len(service.requests) == 1

    def test_waits_as_long_as_the_service_asks(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(problem(429, "rate-limited", retry_after="17"))
        run(transport.send(LIMITS))
        assert service.pauses == [17]

    def test_does_not_wait_for_hours_but_says_how_long(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(problem(429, "rate-limited", retry_after="7200"))
        with pytest.raises(RateLimitedError) as caught:
            run(transport.send(LIMITS))
        assert caught.value.retry_after_s == 7200
        assert service.pauses == []

    def test_repeats_what_a_limit_refused_even_if_nothing_else_may(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(problem(429, "rate-limited", retry_after="1"))
        assert run(transport.send(LIMITS, retry=ONCE)).status_code == 200
        assert service.pauses == [1]
        service.upsets.append(problem(503, "overloaded"))
        with pytest.raises(ServiceError):
            run(transport.send(LIMITS, retry=ONCE))

    def test_tells_which_limit_it_was(self, service: FakeService, transport: Transport) -> None:
        body = {"limit_name": "photos_per_day", "limit": 9, "used": 8, "code": "rate-limited"}
        refusal = httpx.Response(429, json=body, headers={"Retry-After": "7200"})
        service.upsets.append(refusal)
        with pytest.raises(RateLimitedError) as caught:
            run(transport.send(LIMITS))
        error = caught.value
        assert (error.limit_name, error.limit, error.used) == ("photos_per_day", 9, 8)

    def test_gives_up_after_the_last_try(self, service: FakeService, transport: Transport) -> None:
        service.upsets.extend([httpx.ConnectError("refused")] * 3)
        with pytest.raises(ServiceUnreachableError, match=r"hfer\.test: refused"):
            run(transport.send(LIMITS))
        assert len(service.requests) == 3

    def test_a_body_is_sent_whole_on_every_try(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(httpx.ConnectError("refused"))
        with pytest.raises(NotFoundError):
            run(transport.send(Call("POST", "/v1/echo", body=[b"a", b"b"])))
        assert [request.content for request in service.requests] == [b"ab", b"ab"]


class TestRefusal:
    def test_reads_the_problem(self, transport: Transport) -> None:
        with pytest.raises(NotFoundError) as caught:
            run(transport.send(Call("GET", "/v1/nowhere")))
        assert caught.value.code == "not-found"
        assert caught.value.request_id == "req_1"
        assert "It is not-found." in str(caught.value)

    @pytest.mark.parametrize("body", ["<html>", "[]", "null", '"no"', "{}"])
    def test_reads_a_body_that_is_no_problem(
        self, service: FakeService, transport: Transport, body: str
    ) -> None:
        service.upsets.append(httpx.Response(418, text=body, headers={"X-Request-Id": "req_7"}))
        with pytest.raises(Exception, match="418") as caught:
            run(transport.send(LIMITS))
        assert "req_7" in str(caught.value)


class TestStream:
    def test_a_cut_body_is_told_as_unreachable(
        self, service: FakeService, transport: Transport
    ) -> None:
        service.upsets.append(httpx.Response(200, stream=_CutStream()))
        with pytest.raises(ServiceUnreachableError, match="cut"):
            list(iterate(transport.stream(LIMITS)))


class _CutStream(httpx.SyncByteStream):
    """A body that begins, and then the connection is gone."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"begun"
        raise httpx.ReadError("cut")
