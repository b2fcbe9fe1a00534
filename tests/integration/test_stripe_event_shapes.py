"""Requests to the address of Stripe's webhooks that are not events: refused in every form."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from gateways.stripe.events import InvalidStripeEvent, _event
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import problem
from tests.integration.stripe_events_harness import (
    an_event,
    deliver,
    deliver_signed,
    inbox,
    of_intent,
    of_refund,
    stripe_api,
)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\xff", b'{"a": NaN}', b"[" * 50_000])
async def test_what_is_no_json_is_told_so(
    body: bytes, database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        answer = await deliver(served, body)
        assert answer.status_code in (400, 422), answer.text
        large = await deliver(served, b" " * (1024 * 1024 + 1))
        problem(large, 413, "body-too-large")
        problem(
            await deliver_signed(served, b"{}", None, **{"Content-Type": "text/plain"}), 415, "unsupported-media-type"
        )


@pytest.mark.parametrize(
    "event",
    [
        [],
        {},
        7,
        None,
        {"object": "event"},
        {"object": "v2.core.event"},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"id": 7},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"id": "e" * 256},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"id": "e\x00"},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"created": 10**15},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"created": True},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"data": None},
        of_intent("payment_intent.succeeded", "pi_1", "succeeded") | {"data": {"object": []}},
        of_refund("refund.created", "pi_1", "re_1", "succeeded", payment_intent=["pi_1"]),
    ],
)
async def test_what_is_signed_and_no_event_is_refused(
    event: object, database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        problem(await deliver(served, event), 400, "invalid-event")
        assert await inbox(served.app) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "object"]), inner, max_size=2),
    max_leaves=4,
)


@given(
    kind=st.sampled_from(["payment_intent.succeeded", "refund.created"]),
    changes=st.dictionaries(st.sampled_from(["id", "type", "created", "data"]), JSON),
    about=st.dictionaries(st.sampled_from(["id", "payment_intent"]), JSON),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_shape_it_is_an_event_or_refused(
    kind: str, changes: dict[str, object], about: dict[str, object]
) -> None:
    data = an_event(kind, {"id": "re_1", "payment_intent": "pi_1", **about}) | changes
    with contextlib.suppress(InvalidStripeEvent):
        _event(data)
