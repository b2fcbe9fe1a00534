"""Documents of webhooks, for the API and `--json`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, Self

from application.documents import Document, Position
from webhooks.addresses import origin, without_query
from webhooks.deliveries import Attempt, Delivery
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


class AttemptDocument(Document):
    """An attempt at a delivery. error: null where it was accepted. response: its first kilobyte, for the role operate alone."""

    at: datetime
    status: int | None
    error: str | None
    response: str | None


class DeliveryDetail(DeliveryDocument):
    """A delivery with its message and its attempts, the latest first. payload: the body that is sent; null where the log's
    event cannot be read. made: the attempts since they are recorded, also those before a replay."""

    payload: dict[str, Any] | None
    made: list[AttemptDocument]

    @classmethod
    def of(
        cls,
        delivery: Delivery,
        *,
        whole: bool = True,
        payload: dict[str, Any] | None = None,
        attempts: Sequence[Attempt] = (),
    ) -> Self:
        """Build the document of a delivery. whole: False hides each response."""
        made = [asdict(each) | ({} if whole else {"response": None}) for each in attempts]
        shown = DeliveryDocument.of(delivery, whole=whole).model_dump(by_alias=False)
        return cls.model_validate(shown | {"payload": payload, "made": made})


class TrialDocument(Document):
    """Result of a test message. status, response: of the receiver, the latter for its first kilobyte; error: null where it
    accepted the message."""

    message_id: str
    status: int | None
    error: str | None
    response: str | None
    milliseconds: int
