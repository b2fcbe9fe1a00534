"""One POST over real sockets: refused addresses, and the accepted part of an answer."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpcore
import pytest

from tests.running_system import until
from tests.webhook_receiver import Answer, Receiver, receiving
from webhooks import connections as sending
from webhooks.network import GuardedNetwork
from webhooks.sender import KEPT, NoAnswer, Sender


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender(allow_private=True) as made:
        yield made


class Names:
    """Resolver of the test, whose answer may change between queries."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def test_a_name_that_leads_to_a_private_address_at_connect_time_is_refused(
    receiver: Receiver,
) -> None:
    """DNS rebinding: public when the endpoint was added, loopback when the webhook is sent."""
    names = Names(["127.0.0.1"])
    async with Sender(resolve=names) as guarded:
        with pytest.raises(NoAnswer, match=r"refused address: .*ORDERS_WEBHOOKS_ALLOW_PRIVATE lifts that"):
            await guarded.post(f"https://rebound.example:{receiver.port}/", [], b"{}")
    assert names.asked == 1
    assert receiver.connections == 0


async def test_of_several_addresses_only_the_public_ones_are_tried(receiver: Receiver) -> None:
    tried: list[str] = []

    class Recorded(GuardedNetwork):
        async def _first(self, addresses: list[str], *rest: Any) -> httpcore.AsyncNetworkStream:
            tried.extend(addresses)
            raise httpcore.ConnectError("not for the test to go there")

    names = Names(["127.0.0.1", "203.0.114.7", "::ffff:127.0.0.1"])
    with pytest.raises(httpcore.ConnectError):
        await Recorded(names, allow_private=False).connect_tcp("both.example", receiver.port)
    assert tried == ["203.0.114.7"]
    assert receiver.connections == 0


async def test_the_address_that_was_checked_is_the_one_connected_to(receiver: Receiver) -> None:
    """The name is resolved once a connection, and never by the socket's own look-up."""
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    async with Sender(allow_private=True, resolve=names) as made:
        answer = await made.post(f"http://pinned.invalid:{receiver.port}/", [], b"{}")
    assert (answer.status, names.asked) == (204, 1)
    assert receiver.received[0].headers["host"] == f"pinned.invalid:{receiver.port}"


async def test_http_is_refused_where_private_addresses_are_even_to_an_endpoint_from_before(receiver: Receiver) -> None:
    async with Sender(resolve=Names(["127.0.0.1"])) as guarded:
        with pytest.raises(NoAnswer, match="not https"):
            await guarded.post(receiver.url, [], b"{}")
    assert receiver.connections == 0


async def test_a_redirect_is_not_followed(receiver: Receiver, sender: Sender) -> None:
    receiver.decide = lambda _: Answer(302, {"location": f"http://127.0.0.1:{receiver.port}/elsewhere"})
    answer = await sender.post(receiver.url, [], b"{}")
    assert answer.status == 302
    assert [each.path for each in receiver.received] == ["/hooks"]


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        async with Sender(allow_private=True) as made:
            await made.post(receiver.url, [], b"{}")
        assert (proxy.connections, len(receiver.received)) == (0, 1)


async def test_a_receiver_that_hangs_is_given_up(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LIMIT", 0.3)
    receiver.decide = lambda _: Answer(hangs=True)
    with pytest.raises(NoAnswer, match="no answer in time"):
        await sender.post(receiver.url, [], b"{}")


async def test_a_receiver_that_drips_is_given_up_all_the_same(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte arrives within the read time-out, and the whole response never ends."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(sending, "LIMIT", 0.5)
    receiver.decide = lambda _: Answer(raw=drip)
    before = time.monotonic()
    with pytest.raises(NoAnswer, match="no answer in time"):
        await sender.post(receiver.url, [], b"{}")
    assert time.monotonic() - before < 5


async def test_no_more_than_a_kilobyte_of_a_huge_answer_is_read(receiver: Receiver, sender: Sender) -> None:
    written = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536

    receiver.decide = lambda _: Answer(raw=flood)
    answer = await sender.post(receiver.url, [], b"{}")
    assert (answer.status, answer.text) == (500, "x" * KEPT)

    async def ended() -> bool:
        return not receiver.open

    await until(ended, "the connection has ended", 5)
    assert written < 20_000_000, "what fits into the sockets' buffers, and no more"


async def test_endless_headers_are_given_up(receiver: Receiver, sender: Sender) -> None:
    async def headers(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x: " + b"y" * 1_000 + b"\r\n")
            await writer.drain()

    receiver.decide = lambda _: Answer(raw=headers)
    with pytest.raises(NoAnswer, match="broken answer"):
        await sender.post(receiver.url, [], b"{}")


async def test_a_receiver_that_repeats_its_path_as_an_answer_leaves_none_of_it_in_the_error(
    receiver: Receiver, sender: Sender
) -> None:
    async def echo(writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST /hooks/hunter2 HTTP/1.1\r\n\r\n")
        await writer.drain()

    receiver.decide = lambda _: Answer(raw=echo)
    with pytest.raises(NoAnswer, match="broken answer") as silence:
        await sender.post(f"{receiver.url}/hunter2", [], b"{}")
    assert "hunter2" not in str(silence.value)


async def test_a_connection_is_used_again(receiver: Receiver, sender: Sender) -> None:
    for _ in range(5):
        await sender.post(receiver.url, [], b"{}")
    assert (receiver.connections, len(receiver.received)) == (1, 5)


async def test_retry_after_may_be_a_date(receiver: Receiver, sender: Sender) -> None:
    receiver.decide = lambda _: Answer(503, {"retry-after": formatdate(time.time() + 3600, usegmt=True)})
    assert (await sender.post(receiver.url, [], b"{}")).retry_after == pytest.approx(3600, abs=5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 1.0),
        ("999999999", sending.MAX_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after_is_at_least_a_second_and_at_most_a_day(
    receiver: Receiver, sender: Sender, value: str, seconds: float | None
) -> None:
    receiver.decide = lambda _: Answer(503, {"retry-after": value})
    assert (await sender.post(receiver.url, [], b"{}")).retry_after == seconds


async def test_nobody_there_is_no_answer(sender: Sender) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer) as none:
            await sender.post(f"http://127.0.0.1:{taken.getsockname()[1]}/?token=hunter2", [], b"{}")
    assert none.value.kind == "no connection"
    assert "hunter2" not in str(none.value)


@pytest.fixture(scope="module")
async def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Self-signed certificate for the name hooks.example."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hooks.example"
    )
    process = await asyncio.create_subprocess_exec(
        *command.split(),
        *("-addext", "subjectAltName=DNS:hooks.example", "-keyout", str(key), "-out", str(made)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return key, made


@pytest.fixture
async def tls_receiver(certificate: tuple[Path, Path]) -> AsyncIterator[Receiver]:
    key, made = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    listening = Receiver()
    await listening.start(context)
    yield listening
    await listening.stop()


async def test_a_certificate_that_nobody_vouches_for_is_refused(tls_receiver: Receiver) -> None:
    async with Sender(allow_private=True, resolve=Names(["127.0.0.1"])) as made:
        with pytest.raises(NoAnswer, match="certificate verify failed"):
            await made.post(f"https://hooks.example:{tls_receiver.port}/", [], b"{}")
    assert tls_receiver.received == []


async def test_the_certificate_must_be_the_names_not_the_addresss(
    tls_receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate[1]))
    async with Sender(allow_private=True, resolve=Names(["127.0.0.1"]), trust=trust) as made:
        assert (await made.post(f"https://hooks.example:{tls_receiver.port}/", [], b"{}")).status == 204
        with pytest.raises(NoAnswer, match="certificate verify failed"):
            await made.post(f"https://other.example:{tls_receiver.port}/", [], b"{}")
    assert len(tls_receiver.received) == 1
