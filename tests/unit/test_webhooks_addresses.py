"""Where webhooks may go: a table of what is refused, in every spelling that leads there."""

from collections.abc import Sequence

import pytest

from webhooks.addresses import MAX_URL, checked_url, is_public, resolve, without_query
from webhooks.errors import InvalidEndpoint

PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
NOT_PUBLIC = {
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "shared, CGNAT": "100.64.0.1",
    "loopback": "127.0.0.1",
    "loopback elsewhere": "127.255.255.254",
    "link-local, metadata": "169.254.169.254",
    "a cloud's platform": "168.63.129.16",
    "protocol assignments": "192.0.0.1",
    "documentation": "192.0.2.1",
    "relay to 6to4": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "global multicast": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 unspecified": "::",
    "IPv6 loopback": "::1",
    "IPv4-mapped": "::ffff:127.0.0.1",
    "IPv4-mapped, public": "::ffff:8.8.8.8",
    "IPv4-compatible": "::8.8.8.8",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64, local": "64:ff9b:1::1",
    "discard": "100::1",
    "Teredo": "2001:0:1::1",
    "6to4": "2002:7f00:1::1",
    "IPv6 documentation": "2001:db8::1",
    "newer documentation": "3fff::1",
    "unique local": "fd00:ec2::254",
    "IPv6 link-local": "fe80::1",
    "with a zone": "fe80::1%eth0",
    "global with a zone": "2606:4700:4700::1111%eth0",
    "site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 global multicast": "ff0e::1",
    "no address": "localhost",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_an_address_of_somebodys_own_network_is_not(address: str) -> None:
    assert not is_public(address)


def leads_to(*addresses: str) -> object:
    async def answer(host: str, port: int) -> Sequence[str]:
        return addresses

    return answer


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://localhost/",
        "https://localhost./",
        "https://①②⑦.⓪.⓪.①/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_every_spelling_of_a_private_address_is_refused_by_the_systems_own_look_up(url: str) -> None:
    with pytest.raises(InvalidEndpoint, match=r"^url: "):
        await checked_url(url, allow_private=False, resolve=resolve)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "must be an address such as"),
        ("file:///etc/passwd", "must be an address such as"),
        ("gopher://example.com/", "must be an address such as"),
        ("https:///path", "must be an address such as"),
        ("https://", "must be an address such as"),
        ("example.com/hooks", "must be an address such as"),
        ("https://example.com:99999/", "must be an address such as"),
        ("https://example.com:0/", "must be an address such as"),
        ("https://example.com:port/", "must be an address such as"),
        ("https://exa mple.com/", "must be an address such as"),
        ("https://example.com/\r\nhost: other", "must be an address such as"),
        ("https://user:secret@example.com/", "must not hold a user or password"),
        ("https://user@example.com/", "must not hold a user or password"),
        ("https://example.com/#part", "must not hold a fragment"),
        ("https://example.com/" + "a" * MAX_URL, "must be at most 2,048 characters"),
    ],
)
async def test_what_is_no_address_for_webhooks_is_refused_with_the_reason(url: str, problem: str) -> None:
    with pytest.raises(InvalidEndpoint, match=problem) as refused:
        await checked_url(url, allow_private=False, resolve=leads_to("8.8.8.8"))  # type: ignore[arg-type]
    assert "secret" not in str(refused.value)


async def test_a_public_name_is_taken_on_any_port_and_in_any_language() -> None:
    public = leads_to("8.8.8.8")
    for url in ("https://example.com/hooks?token=a%20b", "https://example.com:8443/", "https://bücher.example/"):
        assert await checked_url(url, allow_private=False, resolve=public)  # type: ignore[arg-type]


async def test_a_name_without_an_address_is_refused() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(InvalidEndpoint, match="has no address"):
        await checked_url("https://example.com/", allow_private=False, resolve=unknown)


async def test_private_addresses_and_http_are_taken_where_the_setting_allows_them() -> None:
    assert await checked_url("http://127.0.0.1:9/", allow_private=True) == "http://127.0.0.1:9/"


def test_a_query_is_not_shown() -> None:
    assert without_query("https://example.com/hooks?token=secret") == "https://example.com/hooks?…"
    assert without_query("https://example.com/hooks") == "https://example.com/hooks"
