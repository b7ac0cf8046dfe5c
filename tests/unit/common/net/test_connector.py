import gzip
import ipaddress
from itertools import count

import httpcore
import httpx
import pytest

from services.common.net.connector import TooManyBytesError, guarded_client
from services.common.net.guard import UrlBlockedError, UrlPolicy
from tests.fixtures.network import FakeNames, FakeNetwork, redirect, reply

PUBLIC, OTHER, PRIVATE = "93.184.216.34", "93.184.216.35", "10.0.0.5"
URL = "https://photos.example.com/a.jpg"


def client(
    names: FakeNames, network: FakeNetwork, policy: UrlPolicy | None = None, **options: object
) -> httpx.Client:
    return guarded_client(
        policy or UrlPolicy(),
        resolver=names,
        connector=network,
        **{"total_s": 5.0, "total_bytes": 2_000_000, "follow_redirects": True, **options},
    )


def names(*answers: list[str], host: str = "photos.example.com") -> FakeNames:
    return FakeNames({host: list(answers)})


def test_connects_to_the_checked_address_and_keeps_the_name_for_host_and_tls() -> None:
    network = FakeNetwork({PUBLIC: [reply(200, b"photo")]})

    with client(names([PUBLIC]), network) as http:
        answer = http.get(URL)

    assert answer.content == b"photo"
    assert network.connected == [(PUBLIC, 443)]
    assert network.streams[0].tls_name == "photos.example.com"
    assert b"Host: photos.example.com\r\n" in network.streams[0].written
    assert b"Accept-Encoding: identity\r\n" in network.streams[0].written


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", PRIVATE, "169.254.169.254", "100.64.0.1", "::1", "fd00:ec2::254", "fe80::1%2"],
)
def test_refuses_a_name_that_leads_to_a_closed_address(address: str) -> None:
    network = FakeNetwork({})

    with client(names([address]), network) as http, pytest.raises(httpx.ConnectError):
        http.get(URL)

    assert network.connected == []


def test_refuses_a_name_with_one_private_address_among_public_ones() -> None:
    network = FakeNetwork({PUBLIC: [reply(200)]})

    with client(names([PUBLIC, PRIVATE]), network) as http, pytest.raises(httpx.ConnectError):
        http.get(URL)

    assert network.connected == []


def test_a_name_server_that_changes_its_answer_is_asked_once() -> None:
    rebinding = names([PUBLIC], ["127.0.0.1"])
    network = FakeNetwork({PUBLIC: [reply(200, b"photo")], "127.0.0.1": [reply(200, b"secret")]})

    with client(rebinding, network) as http:
        assert http.get(URL).content == b"photo"

    assert rebinding.asked == ["photos.example.com"]
    assert network.connected == [(PUBLIC, 443)]


def test_a_name_that_leads_inside_on_a_later_connection_is_refused_then() -> None:
    rebinding = names([PUBLIC], ["127.0.0.1"])
    network = FakeNetwork({PUBLIC: [redirect("/b.jpg")], "127.0.0.1": [reply(200, b"secret")]})

    with client(rebinding, network) as http, pytest.raises(httpx.ConnectError):
        http.get(URL)

    assert network.connected == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://inside.example.com/",
        "http://photos.example.com/",
        "https://photos.example.com:8080/",
        "https://user:word@photos.example.com/",
        "//2130706433/",
        "ftp://photos.example.com/",
        "file:///etc/passwd",
    ],
)
def test_refuses_a_redirect_that_leads_elsewhere(location: str) -> None:
    known = FakeNames({"photos.example.com": [[PUBLIC]], "inside.example.com": [[PRIVATE]]})
    network = FakeNetwork({PUBLIC: [redirect(location)]})

    with (
        client(known, network) as http,
        pytest.raises((UrlBlockedError, httpx.UnsupportedProtocol, httpx.ConnectError)),
    ):
        http.get(URL)

    assert network.connected == [(PUBLIC, 443)]


def test_follows_five_redirects_and_no_sixth() -> None:
    hops = [redirect(f"/{number}.jpg") for number in range(5)]
    network = FakeNetwork({PUBLIC: [*hops, reply(200, b"photo")]})
    with client(names([PUBLIC]), network) as http:
        assert http.get(URL).content == b"photo"

    endless = FakeNetwork({PUBLIC: [redirect("/again.jpg")]})
    with client(names([PUBLIC]), endless) as http, pytest.raises(httpx.TooManyRedirects):
        http.get(URL)
    assert len(endless.connected) == 6


def test_does_not_follow_a_redirect_unless_told_to() -> None:
    network = FakeNetwork({PUBLIC: [redirect("https://127.0.0.1/")]})

    with client(names([PUBLIC]), network, follow_redirects=False) as http:
        assert http.get(URL).status_code == 302


def test_keeps_no_cookie_from_one_hop_to_the_next() -> None:
    first = reply(302, location="/b.jpg", set_cookie="session=1; Path=/")
    network = FakeNetwork({PUBLIC: [first, reply(200)]})

    with client(names([PUBLIC]), network) as http:
        http.get(URL)

    assert b"ookie" not in network.streams[1].written


def test_asks_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    network = FakeNetwork({PUBLIC: [reply(200)]})

    with client(names([PUBLIC]), network) as http:
        http.get(URL)

    assert network.connected == [(PUBLIC, 443)]


def test_tries_the_next_address_when_one_does_not_answer() -> None:
    network = FakeNetwork({PUBLIC: [httpcore.ConnectTimeout("late")], OTHER: [reply(200, b"ok")]})

    with client(names([PUBLIC, OTHER]), network) as http:
        assert http.get(URL).content == b"ok"


def test_an_unknown_name_is_a_connection_error() -> None:
    with client(FakeNames({}), FakeNetwork({})) as http, pytest.raises(httpx.ConnectError):
        http.get(URL)


def test_an_address_literal_is_not_resolved() -> None:
    nobody = FakeNames({})
    network = FakeNetwork({PUBLIC: [reply(200)]})

    with client(nobody, network) as http:
        assert http.get(f"https://{PUBLIC}/").status_code == 200

    assert nobody.asked == []


def test_speaks_to_an_allowed_network() -> None:
    policy = UrlPolicy(
        allow_http=True,
        ports=frozenset({8080}),
        allow_networks=(ipaddress.ip_network("127.0.0.0/8"),),
    )
    network = FakeNetwork({"127.0.0.1": [reply(200, b"ours")]})

    with client(names(["127.0.0.1"], host="localhost"), network, policy) as http:
        assert http.get("http://localhost:8080/").content == b"ours"


def test_no_exchange_outlives_its_time_however_slowly_bytes_drip() -> None:
    # Every look at the clock is a second later: the eighth finds the five seconds over.
    seconds = count()
    body = b"x" * (65_536 * 20)
    network = FakeNetwork({PUBLIC: [reply(200, body)]})

    with (
        client(names([PUBLIC]), network, clock=lambda: float(next(seconds))) as http,
        pytest.raises(httpx.TimeoutException),
    ):
        http.get(URL)


def test_no_time_left_means_no_connection() -> None:
    network = FakeNetwork({PUBLIC: [reply(200)]})

    with client(names([PUBLIC]), network, total_s=0.0) as http, pytest.raises(httpx.ConnectTimeout):
        http.get(URL)

    assert network.connected == []


def test_takes_in_no_more_bytes_than_it_may() -> None:
    network = FakeNetwork({PUBLIC: [reply(200, b"x" * 300_000)]})

    with (
        client(names([PUBLIC]), network, total_bytes=200_000) as http,
        pytest.raises(TooManyBytesError),
    ):
        http.get(URL)


def test_the_body_of_a_redirect_counts_as_well() -> None:
    huge = reply(302, b"x" * 300_000, location="/b.jpg")
    network = FakeNetwork({PUBLIC: [huge, reply(200)]})

    with (
        client(names([PUBLIC]), network, total_bytes=200_000) as http,
        pytest.raises(TooManyBytesError),
    ):
        http.get(URL)


def test_unpacks_nothing() -> None:
    packed = gzip.compress(b"0" * 100_000)
    network = FakeNetwork({PUBLIC: [reply(200, packed, content_encoding="gzip")]})

    with client(names([PUBLIC]), network) as http:
        assert http.get(URL).content == packed
