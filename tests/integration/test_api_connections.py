"""Idle or excessive connections: each is closed in time, without an effect on the rest."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from tests.integration.api_harness import Api, api, raw
from tests.running_system import DEADLINE, until
from web import connection

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
UNFINISHED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: "


@contextlib.asynccontextmanager
async def connections(served: Api, count: int, first: bytes) -> AsyncIterator[list[Opened]]:
    opened = [await asyncio.open_connection(*served.address) for _ in range(count)]
    try:
        for _, writer in opened:
            writer.write(first)
        yield opened
    finally:
        for _, writer in opened:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def rest_of(opened: Opened) -> bytes:
    """All that the server sends until it closes, which it must."""
    try:
        async with asyncio.timeout(DEADLINE):
            return await opened[0].read()
    except ConnectionResetError:
        return b""


async def test_a_head_that_does_not_come_is_given_up_with_one_line_in_the_log(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    async with api(database_url, temporal_client) as served:
        with capture_logs() as lines:
            async with connections(served, 20, UNFINISHED) as slow, connections(served, 5, b"") as silent:
                answers = [await rest_of(each) for each in slow]
                assert {answer[:12] for answer in answers} == {b"HTTP/1.1 408"}
                assert b"urn:orders:problem:head-too-slow" in answers[0]
                assert [await rest_of(each) for each in silent] == [b""] * 5
        [line] = [line for line in lines if line["event"] == "refused"]
        assert line["reason"] == "the request's headers took too long"
        assert (await served.http.get("/healthz")).status_code == 200


async def test_a_client_that_drips_its_head_is_given_up_all_the_same(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a connection that has served a request, and for bytes that begin no request."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    async with api(database_url, temporal_client) as served:
        for first, drop in ((UNFINISHED, b"y"), (HEALTH, b"\r\n"), (HEALTH + UNFINISHED, b"y")):
            async with connections(served, 1, first) as [(reader, writer)]:

                async def drip(writer: asyncio.StreamWriter = writer, drop: bytes = drop) -> None:
                    while True:
                        writer.write(drop)
                        await asyncio.sleep(0.05)

                dripping = asyncio.create_task(drip())
                answer = await rest_of((reader, writer))
                dripping.cancel()
                assert answer.startswith(b"HTTP/1.1 200" if first.startswith(HEALTH) else b"HTTP/1.1 408")


async def test_connections_that_wait_make_room_for_the_next_one(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 10)
    async with api(database_url, temporal_client) as served:
        with capture_logs() as lines:
            async with connections(served, 30, UNFINISHED) as opened:
                answer = await raw(served.url, HEALTH)
                assert answer.startswith(b"HTTP/1.1 200")
                assert await rest_of(opened[0]) == b""
                opened[-1][1].write(b"y\r\n\r\n")
                assert (await opened[-1][0].readline()).startswith(b"HTTP/1.1 200"), "the youngest are left alone"
        reasons = [line["reason"] for line in lines if line["event"] == "refused"]
        assert reasons == ["too many connections: closed the one that waited longest for a request"]


async def test_where_all_connections_are_being_answered_one_more_is_refused(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 3)
    stream = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with api(database_url, temporal_client) as served:
        with capture_logs() as lines:
            async with connections(served, 3, stream) as streams:
                for reader, _ in streams:
                    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
                assert (await raw(served.url, HEALTH)).startswith(b"HTTP/1.1 503")

            async def ended() -> bool:
                return served.open_streams == 0

            await until(ended, "the streams have ended")
            assert (await raw(served.url, HEALTH)).startswith(b"HTTP/1.1 200")
        assert "too many connections" in [line.get("reason") for line in lines]


async def test_an_answer_that_is_not_read_is_given_up(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket buffers hold some responses: thousands are requested, and none is read."""
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.3)
    monkeypatch.setattr(connection, "MAX_PIPELINED", 10_000)
    request = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with api(database_url, temporal_client) as served:
        with capture_logs() as lines, socket.create_connection(served.address) as deaf:
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(deaf, request * 500)

            async def given_up() -> bool:
                return "the client did not read the response in time" in [line.get("reason") for line in lines]

            await until(given_up, "the connection is given up")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (b"".join(b"x-%d: y\r\n" % number for number in range(connection.MAX_HEADERS + 1)), 431),
        (b"x: " + b"y" * connection.MAX_HEAD + b"\r\n", 431),
        (b"x: y\r\n" * (connection.MAX_HEADERS - 10), 200),
        (b"x: " + b"y" * (connection.MAX_HEAD - 200) + b"\r\n", 200),
    ],
)
async def test_a_head_has_a_bounded_number_of_headers_and_bytes(
    more: bytes, status: int, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await raw(served.url, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + more + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 %d" % status), answer
        assert status == 200 or b"urn:orders:problem:head-too-large" in answer


async def test_a_head_without_an_end_is_cut_off(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served, connections(served, 1, UNFINISHED) as [opened]:
        with contextlib.suppress(OSError):
            for _ in range(100):
                opened[1].write(b"y" * 1_000)
                await opened[1].drain()
        assert (await rest_of(opened)).startswith((b"HTTP/1.1 431", b""))
        assert opened[1].transport.is_closing() or opened[0].at_eof()


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx",
        b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_as_a_problem(
    request_: bytes, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await raw(served.url, request_)
        assert answer.startswith(b"HTTP/1.1 400"), answer
        assert b"urn:orders:problem:malformed-request" in answer


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_failure_of_ours(
    database_url: str, temporal_client: Client
) -> None:
    head = (
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    async with api(database_url, temporal_client) as served:
        with capture_logs() as lines:
            async with connections(served, 1, head):
                await asyncio.sleep(0)

            async def seen() -> bool:
                return "request" in [line["event"] for line in lines]

            await until(seen, "the request is in the log")
        assert [line for line in lines if line["log_level"] == "error"] == []
        assert (await served.http.get("/healthz")).status_code == 200
