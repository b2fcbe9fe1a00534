"""Limits of streams: of the process, and of each key."""

import asyncio

import pytest
from temporalio.client import Client

from tests.integration.api_harness import KEYS, READER, WRITER, Api, Listener, api, bearer, listening, problem
from tests.running_system import until
from web import streams


async def opened(listener: Listener) -> None:
    """Wait for the first line of the stream."""
    assert await anext(listener.lines) == ": open"


async def none_open(served: Api) -> bool:
    return served.open_streams == 0


async def test_given_as_many_streams_as_there_may_be_then_one_more_is_refused(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 2)
    async with (
        api(database_url, temporal_client) as served,
        listening(served, "/v1/events") as one,
        listening(served, "/v1/events") as two,
    ):
        await opened(one)
        await opened(two)
        refused = await served.http.get("/v1/events")
        problem(refused, 503, "too-many-streams")
        assert refused.headers["retry-after"]


async def test_given_a_key_with_as_many_streams_as_it_may_have_then_another_key_still_gets_one(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS_OF_A_KEY", 2)
    async with api(database_url, temporal_client, api_keys=KEYS, key=READER) as served:
        async with listening(served, "/v1/events") as one, listening(served, "/v1/events") as two:
            await opened(one)
            await opened(two)
            refused = await served.http.get("/v1/events")
            problem(refused, 429, "too-many-streams")
            assert refused.headers["retry-after"]
            served.http.headers.update(bearer(WRITER))
            async with listening(served, "/v1/events") as other:
                await opened(other)
                assert served.open_streams == 3
        await until(lambda: none_open(served), "the streams are closed")
        served.http.headers.update(bearer(READER))
        async with listening(served, "/v1/events") as again:
            await opened(again)


async def test_given_many_streams_at_once_then_no_more_are_served_than_there_may_be(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads lie between the check of the limit and the first event: the slot is taken before them."""
    monkeypatch.setattr(streams, "MAX_STREAMS_OF_A_KEY", 3)
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()

        async def status() -> int:
            async with served.http.stream("GET", f"/v1/orders/{order_id}/events") as answer:
                if answer.status_code == 200:
                    await asyncio.sleep(1)
                return answer.status_code

        found = await asyncio.gather(*[status() for _ in range(12)])
        assert sorted(found) == [200] * 3 + [429] * 9
