"""The server's limit of ids equals ours: PostgreSQL stores 255 characters, and a longer id is refused as invalid."""

import uuid

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from orders.ids import MAX_ID_LENGTH
from orders.names import MAX_NAME, workflow_id

LONGEST = "ä" * MAX_ID_LENGTH


async def start(client: Client, id_: str) -> None:
    await client.start_workflow("no-such-workflow", id=id_, task_queue=f"nobody-{uuid.uuid4()}")


async def test_an_id_over_the_limit_is_refused_as_invalid_and_one_at_the_limit_is_taken(
    temporal_client: Client,
) -> None:
    await start(temporal_client, uuid.uuid4().hex + "x" * (MAX_NAME - 32))
    with pytest.raises(RPCError) as refused:
        await start(temporal_client, "x" * (MAX_NAME + 1))
    assert refused.value.status == RPCStatusCode.INVALID_ARGUMENT


async def test_a_workflow_of_the_longest_ids_that_entry_takes_is_within_the_limit(temporal_client: Client) -> None:
    await start(temporal_client, workflow_id("refund-order", LONGEST, uuid.uuid4().hex + LONGEST[32:]))
