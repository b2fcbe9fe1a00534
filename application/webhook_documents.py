"""Webhook endpoints and deliveries in wire spelling."""

from typing import Any

from webhooks.addresses import origin, without_query
from webhooks.deliveries import Delivery
from webhooks.endpoints import Endpoint


def endpoint_document(endpoint: Endpoint, *, whole: bool = True) -> dict[str, Any]:
    """The endpoint without its secrets; of its URL's query only that there is one.

    whole: False for readers who may not change endpoints: then of the URL's path, too, only that there is one.
    """
    replay = None
    if endpoint.replay_after is not None:
        replay = {"position": endpoint.replay_after, "until": endpoint.replay_until}
    return {
        "id": endpoint.id,
        "url": without_query(endpoint.url) if whole else origin(endpoint.url),
        "topics": endpoint.topics,
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabledReason": endpoint.disabled_reason,
        "startsAfter": endpoint.starts_after,
        "replay": replay,
        "createdAt": endpoint.created_at,
        "updatedAt": endpoint.updated_at,
    }


def delivery_document(delivery: Delivery, *, whole: bool = True) -> dict[str, Any]:
    """The delivery. createdAt: when it became pending, for the last time where it was sent more than once.

    whole: False leaves the receiver's answer out, which may repeat the path that it was asked by.
    """
    return {
        "id": delivery.id,
        "endpointId": delivery.endpoint_id,
        "position": delivery.position,
        "orderId": delivery.order_id,
        "messageId": str(delivery.event_id),
        "type": delivery.event_type,
        "status": delivery.state,
        "attempts": delivery.attempts,
        "lastStatus": delivery.last_status,
        "lastError": delivery.last_error,
        "lastResponse": delivery.last_response if whole else None,
        "nextAttemptAt": delivery.next_attempt_at,
        "createdAt": delivery.since,
        "endedAt": delivery.ended_at,
    }
