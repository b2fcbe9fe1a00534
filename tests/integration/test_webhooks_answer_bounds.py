"""Bounds of a receiver's answer: the rest is not read, and costs the worker's loop no time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.webhook_receiver import Answer, Receiver, receiving
from webhooks import answer_stream
from webhooks.sender import KEPT, NoAnswer, Sender

HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender(allow_private=True) as made:
        yield made


def answers(receiver: Receiver, *pieces: bytes, for_ever: bytes = b"") -> None:
    """Make the receiver send these pieces, then `for_ever` repeatedly."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while for_ever:
            writer.write(for_ever)
            await writer.drain()

    receiver.decide = lambda _: Answer(raw=send)


async def test_informational_responses_without_end_are_given_up(receiver: Receiver, sender: Sender) -> None:
    answers(receiver, for_ever=HINTS * 100)
    with pytest.raises(NoAnswer, match="too many informational responses"):
        await sender.post(receiver.url, [], b"{}")


async def test_a_few_informational_responses_are_passed_over(receiver: Receiver, sender: Sender) -> None:
    answers(receiver, HINTS * answer_stream.MAX_INFORMATIONAL + FINAL)
    for _ in range(3):
        answer = await sender.post(receiver.url, [], b"{}")
        assert (answer.status, answer.text) == (200, "ok")
    assert receiver.connections == 1, "the bounds are those of each answer, not of the connection"


async def test_an_informational_response_in_pieces_is_counted_once(receiver: Receiver, sender: Sender) -> None:
    answers(receiver, *[bytes([byte]) for byte in HINTS * 2 + FINAL])
    assert (await sender.post(receiver.url, [], b"{}")).status == 200


@pytest.mark.parametrize(
    "hostile",
    [
        b"HTTP/1.1 200 OK\r\na:" + b" " * 12_000 + b"\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na:" + b"\t " * 40_000 + b"\0\r\n\r\n",
        b"HTTP/1.1 103 Hints\r\na:" + b" " * 12_000 + b"\0\r\n\r\n" + FINAL,
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % number for number in range(5_000)) + b"\r\n",
    ],
)
async def test_heads_out_of_bounds_are_a_broken_answer_at_little_cost(
    hostile: bytes, receiver: Receiver, sender: Sender
) -> None:
    answers(receiver, FINAL)
    usual = await _cost(receiver, sender)
    answers(receiver, hostile)
    before = time.thread_time()
    with pytest.raises(NoAnswer, match="broken answer"):
        await sender.post(receiver.url, [], b"{}")
    assert time.thread_time() - before < 30 * usual


async def _cost(receiver: Receiver, sender: Sender) -> float:
    """CPU seconds of ten usual attempts, which the clock resolves."""
    before = time.thread_time()
    for _ in range(10):
        await sender.post(receiver.url, [], b"{}")
    return time.thread_time() - before


async def test_a_body_out_of_bounds_changes_nothing_about_its_status(receiver: Receiver, sender: Sender) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"
    for blank in (b" " * 1_000, b";" * 1_000):
        answers(receiver, head + b"1;", for_ever=blank)
        answer = await sender.post(receiver.url, [], b"{}")
        assert (answer.status, answer.text) == (200, "ok")


async def test_a_body_in_chunks_of_a_byte_is_kept_to_its_kilobyte(receiver: Receiver, sender: Sender) -> None:
    answers(receiver, b"HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 2_000 + b"0\r\n\r\n")
    answer = await sender.post(receiver.url, [], b"{}")
    assert (answer.status, answer.text) == (500, "x" * KEPT)


async def test_blanks_in_a_body_of_one_piece_are_no_fault(receiver: Receiver, sender: Sender) -> None:
    body = b" " * 600 + b"<html>"
    answers(receiver, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    assert (await sender.post(receiver.url, [], b"{}")).text.endswith("<html>")


async def test_a_receiver_that_drips_its_head_is_given_up_before_its_pieces_cost_much(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_stream, "MAX_READS", 20)

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            writer.write(b"y")
            await writer.drain()
            await asyncio.sleep(0.005)

    receiver.decide = lambda _: Answer(raw=drip)
    with pytest.raises(NoAnswer, match="too many pieces"):
        await sender.post(receiver.url, [], b"{}")


async def test_a_retry_after_of_many_characters_is_none(receiver: Receiver, sender: Sender) -> None:
    receiver.decide = lambda _: Answer(503, {"retry-after": "Wed, " * 2_000})
    assert (await sender.post(receiver.url, [], b"{}")).retry_after is None
