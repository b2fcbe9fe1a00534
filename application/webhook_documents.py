"""Webhook endpoints and deliveries in wire spelling."""

from typing import Any

from webhooks.addresses import without_query
from webhooks.deliveries import Delivery
from webhooks.endpoints import Endpoint


def endpoint_document(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint without its secrets; of its URL's query only that there is one."""
    replay = None
    if endpoint.replay_after is not None:
        replay = {"position": endpoint.replay_after, "until": endpoint.replay_until}
    return {
        "id": endpoint.id,
        "url": without_query(endpoint.url),
        "topics": endpoint.topics,
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabledReason": endpoint.disabled_reason,
        "startsAfter": endpoint.starts_after,
        "replay": replay,
        "createdAt": endpoint.created_at,
        "updatedAt": endpoint.updated_at,
    }


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """The delivery. createdAt: when it became pending, for the last time where it was sent more than once."""
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
        "lastResponse": delivery.last_response,
        "nextAttemptAt": delivery.next_attempt_at,
        "createdAt": delivery.since,
        "endedAt": delivery.ended_at,
    }
