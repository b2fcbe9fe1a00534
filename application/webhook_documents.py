"""Documents of webhooks, for the API and `--json`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, Self

from application.documents import Document, Position
from webhooks.addresses import origin, without_query
from webhooks.deliveries import Delivery
from webhooks.endpoints import Endpoint


class Replay(Document):
    """A running replay: its current and its last position."""

    position: Position
    until: Position


class EndpointDocument(Document):
    """An endpoint. The query of its URL is never shown, its path to the role operate alone."""

    id: str
    url: str
    topics: list[str]
    description: str
    enabled: bool
    disabled_reason: str | None
    starts_after: Position
    replay: Replay | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint, *, whole: bool = True, **more: Any) -> Self:
        """Build the document of an endpoint, with its query hidden. whole: False hides the path of its URL too."""
        after, until = endpoint.replay_after, endpoint.replay_until
        shown = {
            "url": without_query(endpoint.url) if whole else origin(endpoint.url),
            "replay": None if after is None else {"position": after, "until": until},
        }
        return cls.model_validate(asdict(endpoint) | shown | more)


class EndpointWithSecret(EndpointDocument):
    """secret: shown this once; null in a response repeated for its Idempotency-Key."""

    secret: str | None


class DeliveryDocument(Document):
    """One event to one endpoint. lastResponse: the first kilobyte of the response to the last failed attempt, for the role
    operate alone."""

    id: str
    endpoint_id: str
    position: Position
    order_id: str
    message_id: str
    type: str
    status: Literal["pending", "delivered", "parked"]
    attempts: int
    last_status: int | None
    last_error: str | None
    last_response: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery, *, whole: bool = True) -> Self:
        """Build the document of a delivery. whole: False hides the response, which may contain the path of the URL."""
        shown = {
            "id": delivery.id,
            "message_id": str(delivery.event_id),
            "type": delivery.event_type,
            "status": delivery.state,
            "last_response": delivery.last_response if whole else None,
            "created_at": delivery.since,
        }
        return cls.model_validate(asdict(delivery) | shown)
