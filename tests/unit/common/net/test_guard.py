import ipaddress

import pytest

from services.common.net.guard import UrlBlockedError, UrlPolicy, check_url, is_allowed, is_public

POLICY = UrlPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "168.63.129.17",
        "166.12.0.0",
        "199.36.153.12",
        "1.1.1.1",
        "100.63.255.255",
        "172.32.0.1",
        "2606:4700::1111",
        "2a00:1450::200e",
    ],
)
def test_public_addresses_are_open(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - reaches loopback on Linux
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",  # a cloud's metadata service in CGNAT space
        "161.26.0.10",  # services of clouds behind public addresses
        "166.11.255.255",
        "168.63.129.16",
        "199.36.153.4",
        "199.36.153.11",
        "169.254.169.254",
        "169.254.170.2",
        "192.0.0.192",  # another cloud's
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ],
)
def test_every_other_address_is_closed(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_an_allowed_network_is_open_and_only_that() -> None:
    policy = UrlPolicy(allow_networks=(ipaddress.ip_network("10.1.0.0/16"),))

    assert is_allowed(ipaddress.ip_address("10.1.2.3"), policy)
    assert not is_allowed(ipaddress.ip_address("10.2.2.3"), policy)
    assert not is_allowed(ipaddress.ip_address("fd00::1"), policy)


@pytest.mark.parametrize(
    "url",
    [
        "https://photos.example.com/a.jpg",
        "https://photos.example.com:443/a.jpg?sig=a%2Fb#top",
        "https://photos.example.com:80/",
        "https://8.8.8.8/a.jpg",
        "https://[2606:4700::1111]/a.jpg",
        "https://bücher.example/a.jpg",
        "https://1.1.1.1.example.com/",
        "https://localhost/",  # a name: what it leads to is judged when it is resolved
    ],
)
def test_lets_urls_of_public_hosts_pass(url: str) -> None:
    check_url(url, POLICY)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "photos/a.jpg",
        "//photos.example.com/a.jpg",
        "http://photos.example.com/a.jpg",
        "file:///etc/passwd",
        "ftp://photos.example.com/a.jpg",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "https://",
        "https:///a.jpg",
        "https://user@photos.example.com/",
        "https://user:word@photos.example.com/",
        "https://photos.example.com\\@127.0.0.1/",
        "https://photos.example.com:22/",
        "https://photos.example.com:0/",
        "https://photos.example.com:99999/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0X7F.0.0.1/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://①②⑦.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1%25eth0]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://photos.example.com/" + "a" * 2_048,
        "https://exa\nmple.com/",
        "https://exa\x00mple.com/",
        f"https://{'a' * 64}.example.com:x/",
        "https://xn--a.com/",  # httpx parses it, and raises when it reads the host
        f"https://xn--{'9' * 60}.com/",
    ],
)
def test_refuses_urls_that_lead_elsewhere(url: str) -> None:
    with pytest.raises(UrlBlockedError):
        check_url(url, POLICY)


def test_http_and_other_ports_are_spoken_where_the_policy_says_so() -> None:
    policy = UrlPolicy(allow_http=True, ports=frozenset({80, 8443}))

    check_url("http://photos.example.com/", policy)
    check_url("https://photos.example.com:8443/", policy)
    with pytest.raises(UrlBlockedError, match="port"):
        check_url("https://photos.example.com/", policy)


def test_a_refusal_does_not_repeat_the_url() -> None:
    with pytest.raises(UrlBlockedError) as caught:
        check_url("https://user:hunter2@photos.example.com/", POLICY)

    assert "hunter2" not in caught.value.detail
