"""A namespace without our search attributes is refused at the start, instead of failing for every order."""

import pytest
from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest
from temporalio.client import Client

from embedded.temporal import run_temporal
from settings import SettingsError
from temporal import require_search_attributes


async def test_a_namespace_without_a_search_attribute_is_refused_with_the_command_that_makes_it() -> None:
    async with run_temporal(None, ui=False) as server:
        client = await Client.connect(server.address)
        await require_search_attributes(client)
        request = RemoveSearchAttributesRequest(namespace="default", search_attributes=["NeedsAttention"])
        await client.operator_service.remove_search_attributes(request)
        with pytest.raises(SettingsError, match="search-attribute create --name NeedsAttention --type Bool"):
            await require_search_attributes(client)
