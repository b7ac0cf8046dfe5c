"""Proxies, certificates and servers in the way are named, and what to do about them."""

import traceback
from collections.abc import Callable

import httpx
import pytest

from hfer import (
    Client,
    InvalidRequestError,
    PhotoFileError,
    RetryPolicy,
    ServiceUnreachableError,
    SettingsError,
)
from hfer._proxies import proxy_of
from hfer._transport import Call, Transport
from hfer._wire import BlockingWire, run
from tests.fixtures.fake_service import KEY, URL, FakeService

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def through(service: FakeService) -> Callable[[], Transport]:
    """A transport that takes the environment's proxies for its way, and asks the fake."""

    def connect() -> Transport:
        wire = BlockingWire(transport=service.transport, sleep=service.sleep)
        wire.proxied = True
        return Transport(URL, KEY, wire=wire, retry=RetryPolicy(attempts=1))

    return connect


class TestProxyOf:
    @pytest.mark.parametrize(
        ("url", "proxy"),
        [
            ("http://hfer.test", "http://plain:3128 (HTTP_PROXY)"),
            ("https://hfer.test", "http://any:3128 (ALL_PROXY)"),
            ("http://inside.test", None),
            ("https://deep.inside.test:8443", None),
        ],
    )
    def test_as_httpx_chooses(
        self, url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://me:secret@plain:3128")
        monkeypatch.setenv("ALL_PROXY", "http://any:3128")
        monkeypatch.setenv("NO_PROXY", "localhost,inside.test")
        assert proxy_of(httpx.URL(url)) == proxy


class TestNoAnswer:
    def test_names_the_proxy_and_how_to_leave_it_out(
        self,
        service: FakeService,
        through: Callable[[], Transport],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy.test:3128")
        service.upsets.append(httpx.ConnectError("refused"))
        with pytest.raises(ServiceUnreachableError) as caught:
            run(through().send(Call("GET", "/v1/limits")))
        assert str(caught.value) == (
            f"No answer from {URL}: refused. It was asked through the proxy"
            " http://proxy.test:3128 (HTTP_PROXY); if hfer.test is reached without it, add"
            " hfer.test to NO_PROXY"
        )

    def test_says_nothing_of_proxies_where_there_is_none(
        self, service: FakeService, through: Callable[[], Transport]
    ) -> None:
        service.upsets.append(httpx.ConnectError("refused"))
        with pytest.raises(ServiceUnreachableError, match=r"refused$"):
            run(through().send(Call("GET", "/v1/limits")))

    def test_is_told_without_the_frames_of_what_lies_below(
        self, service: FakeService, client: Client
    ) -> None:
        service.upsets.extend([httpx.ConnectError("refused")] * 5)
        with pytest.raises(ServiceUnreachableError) as caught:
            client.limits()
        told = "".join(traceback.format_exception(caught.value))
        assert told.count('File "') <= 3
        assert "httpx" not in told

    def test_a_path_that_does_not_exist_is_one_sentence_and_few_frames(
        self, client: Client
    ) -> None:
        with pytest.raises(PhotoFileError, match=r"no\.jpg") as caught:
            client.submit("/nowhere/no.jpg")
        told = "".join(traceback.format_exception(caught.value))
        assert told.count('File "') <= 3
        assert "FileNotFoundError" not in told
        assert isinstance(caught.value.__context__, FileNotFoundError)


class TestSettingsOfTheEnvironment:
    @pytest.mark.parametrize(
        ("variables", "said"),
        [
            ({"ALL_PROXY": "socks://desktop:1080"}, "ALL_PROXY=socks://desktop:1080"),
            ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE=/nowhere/ca.pem"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError, match=said):
            Client(URL, KEY)


class TestAnswersBeforeTheService:
    def test_nginx_and_its_413_are_explained(self, service: FakeService, client: Client) -> None:
        page = "<html><head><title>413 Request Entity Too Large</title></head></html>"
        answer = httpx.Response(413, html=page, headers={"Server": "nginx/1.22.1"})
        service.upsets.extend([httpx.Response(200, json={}), answer])
        with pytest.raises(InvalidRequestError) as caught:
            client.submit(("a.jpg", bytes(2_000_000)))
        assert caught.value.code == "http-413"
        for word in ("413", "nginx/1.22.1", "2.0 MB", "client_max_body_size", "shrink"):
            assert word in caught.value.detail

    def test_a_proxy_that_answers_itself_is_named(
        self,
        service: FakeService,
        through: Callable[[], Transport],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "http://proxy.test:3128")
        answer = httpx.Response(407, html="<h1>Log in</h1>", headers={"Server": "squid"})
        service.upsets.append(answer)
        with pytest.raises(InvalidRequestError) as caught:
            run(through().send(Call("GET", "/v1/limits")))
        for word in ("squid", "http://proxy.test:3128 (ALL_PROXY)", "user:password"):
            assert word in caught.value.detail
