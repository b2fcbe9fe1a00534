"""Allowed addresses of webhooks: a table of refused ones, in every spelling."""

from collections.abc import Sequence

import pytest

from webhooks.addresses import MAX_URL, checked_url, origin, resolve, without_query
from webhooks.errors import InvalidEndpoint


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


def test_of_a_path_only_that_there_is_one_is_shown_beside_the_host() -> None:
    assert origin("https://example.com/hooks/secret?token=secret") == "https://example.com/…"
    assert origin("https://[2606:4700::1111]:8443/") == "https://[2606:4700::1111]:8443/…"
    assert origin("https://bücher.example/x") == "https://xn--bcher-kva.example/…"
