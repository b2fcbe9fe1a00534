"""Webhook endpoints and deliveries."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from uuid import NAMESPACE_OID, uuid5

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import Field

from application.documents import Document, Position
from application.webhook_documents import (
    DeliveryDetail,
    DeliveryDocument,
    EndpointDocument,
    EndpointWithSecret,
    TrialDocument,
)
from web.keys import Caller, Role
from web.models import Asked
from web.parameters import MAX_POSITION, After, Limit, bad_cursor
from web.route import ApiRoute, requires
from web.system import Asking, CommandId, Shared
from webhooks.deliveries import State
from webhooks.endpoints import MAX_DESCRIPTION, MAX_OVERLAP, OVERLAP
from webhooks.envelope import payload_of
from webhooks.errors import UnknownDelivery
from webhooks.sender import Sender
from webhooks.topics import TOPICS
from webhooks.trial import Trial, send_test

router = APIRouter(prefix="/v1/webhooks", route_class=ApiRoute, tags=["webhooks"])
_ID: Final = "^[!-~]+$"
_TYPE: Final = "^[!-~]*$"
EndpointId = Annotated[str, Path(alias="endpointId", max_length=64, pattern=_ID, description="the endpoint's id")]
DeliveryId = Annotated[str, Path(alias="deliveryId", max_length=128, pattern=_ID, description="the delivery's id")]
OfEndpoint = Annotated[
    str | None, Query(alias="endpointId", max_length=64, pattern=_TYPE, description="only this endpoint's")
]
# Forms send an empty string for "not set".
OfStatus = Annotated[
    Literal["pending", "delivered", "parked", ""] | None, Query(description="only those in this state")
]
OfOrder = Annotated[str | None, Query(alias="orderId", max_length=128, description="only this order's")]
OfType = Annotated[str | None, Query(alias="type", max_length=64, pattern=_TYPE, description="only of this event type")]
Topics = Annotated[list[str], Field(max_length=100, description=f"some of {', '.join(TOPICS)}")]
Url = Annotated[str, Field(max_length=4_096, description="https, without user or fragment, on a public address")]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]


class NewEndpoint(Asked):
    """An endpoint to be added."""

    url: Url
    topics: Topics
    description: Description = ""


class EndpointChanges(Asked):
    """Changes of an endpoint; a field left out stays unchanged."""

    url: Url | None = None
    topics: Topics | None = None
    description: Description | None = None
    enabled: bool | None = None


class Rotation(Asked):
    """overlapSeconds: time for which the older secrets still sign beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=int(MAX_OVERLAP.total_seconds()))] = int(OVERLAP.total_seconds())


class ReplayStart(Asked):
    """from: the position of the first event to send again."""

    start: Annotated[int, Field(alias="from", ge=1, le=MAX_POSITION)]


class ChangedEndpoint(EndpointDocument):
    """missedFrom: after it was enabled, the position from which events were passed over, if any."""

    missed_from: Position | None = None


class EndpointList(Document):
    """A page. after: cursor of the next page; null on the last."""

    endpoints: list[EndpointDocument]
    after: str | None


class Secret(Document):
    """A new secret, shown this once; null in a response repeated for its Idempotency-Key."""

    secret: str | None


class DeliveryList(Document):
    """A page. after: cursor of the next page; null on the last."""

    deliveries: list[DeliveryDocument]
    after: str | None


@router.get("/endpoints", response_model=EndpointList)
@requires(Role.READ)
async def list_endpoints(system: Shared, asking: Asking, limit: Limit = 50, after: After = None) -> dict[str, Any]:
    """Every endpoint, the oldest first."""
    found = await system.endpoints.all()
    ids = [endpoint.id for endpoint in found]
    if after is not None and after not in ids:
        raise bad_cursor()
    start = ids.index(after) + 1 if after is not None else 0
    page = found[start : start + limit]
    following = page[-1].id if start + limit < len(found) else None
    return {"endpoints": [EndpointDocument.of(each, whole=_sees_all(asking)) for each in page], "after": following}


@router.post("/endpoints", response_model=EndpointWithSecret, status_code=201)
@requires(Role.OPERATE)
async def add_endpoint(
    system: Shared, asked: Annotated[NewEndpoint, Body()], command_id: CommandId, response: Response
) -> EndpointWithSecret:
    """Add an endpoint for the events from now on. Only this response shows the secret."""
    endpoint, secret = await system.endpoints.add(asked.url, asked.topics, asked.description, command_id=command_id)
    response.headers["Location"] = f"/v1/webhooks/endpoints/{endpoint.id}"
    return EndpointWithSecret.of(endpoint, secret=secret)


@router.get("/endpoints/{endpointId}", response_model=EndpointDocument)
@requires(Role.READ)
async def get_endpoint(system: Shared, asking: Asking, endpoint_id: EndpointId) -> EndpointDocument:
    """One endpoint."""
    return EndpointDocument.of(await system.endpoints.get(endpoint_id), whole=_sees_all(asking))


@router.patch("/endpoints/{endpointId}", response_model=ChangedEndpoint)
@requires(Role.OPERATE)
async def change_endpoint(
    system: Shared, endpoint_id: EndpointId, asked: Annotated[EndpointChanges, Body()]
) -> ChangedEndpoint:
    """Change the given fields. A disabled endpoint gets nothing: pending deliveries wait, new events are passed over."""
    endpoints, missed_from = system.endpoints, None
    await endpoints.change(endpoint_id, url=asked.url, topics=asked.topics, description=asked.description)
    if asked.enabled is True:
        missed_from = await endpoints.enable(endpoint_id)
    elif asked.enabled is False:
        await endpoints.disable(endpoint_id, "by a person")
    return ChangedEndpoint.of(await endpoints.get(endpoint_id), missed_from=missed_from)


@router.delete("/endpoints/{endpointId}", status_code=204, response_class=Response)
@requires(Role.OPERATE)
async def remove_endpoint(system: Shared, endpoint_id: EndpointId) -> Response:
    """Remove an endpoint with its secrets and deliveries."""
    await system.endpoints.remove(endpoint_id)
    return Response(status_code=204)


@router.post("/endpoints/{endpointId}/rotate", response_model=Secret)
@requires(Role.OPERATE)
async def rotate_secret(system: Shared, endpoint_id: EndpointId, asked: Annotated[Rotation, Body()]) -> dict[str, Any]:
    """Make a new secret; the older ones still sign beside it for a while."""
    return {"secret": await system.endpoints.rotate(endpoint_id, timedelta(seconds=asked.overlap_seconds))}


@router.post("/endpoints/{endpointId}/test", response_model=TrialDocument)
@requires(Role.OPERATE)
async def send_test_message(system: Shared, endpoint_id: EndpointId, command_id: CommandId) -> Trial:
    """Send a test message, of the type webhooks.test, once and now, also to a disabled endpoint; return the answer to it."""
    message_id = str(uuid5(NAMESPACE_OID, command_id))
    async with Sender(allow_private=system.settings.webhooks_allow_private) as sender:
        return await send_test(system.endpoints, sender, endpoint_id, message_id)


@router.post("/endpoints/{endpointId}/replay", response_model=EndpointDocument, status_code=202)
@requires(Role.OPERATE)
async def replay_endpoint(
    system: Shared, endpoint_id: EndpointId, asked: Annotated[ReplayStart, Body()]
) -> EndpointDocument:
    """Send every event from a position up to now again, under the same ids; GET the endpoint for its progress."""
    return EndpointDocument.of(await system.endpoints.replay(endpoint_id, asked.start))


@router.get("/deliveries", response_model=DeliveryList)
@requires(Role.READ)
async def list_deliveries(
    system: Shared,
    asking: Asking,
    endpoint_id: OfEndpoint = None,
    status: OfStatus = None,
    order_id: OfOrder = None,
    event_type: OfType = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """Deliveries, the newest event first."""
    state = State(status) if status else None
    try:
        page = await system.deliveries.list(
            endpoint_id=endpoint_id or None,
            state=state,
            order_id=order_id or None,
            event_type=event_type or None,
            limit=limit,
            after=after,
        )
    except UnknownDelivery:
        raise bad_cursor() from None
    return {"deliveries": [DeliveryDocument.of(row, whole=_sees_all(asking)) for row in page.rows], "after": page.after}


@router.get("/deliveries/{deliveryId}", response_model=DeliveryDetail)
@requires(Role.READ)
async def get_delivery(system: Shared, asking: Asking, delivery_id: DeliveryId) -> DeliveryDetail:
    """One delivery, with the message that is sent and the attempts."""
    delivery = await system.deliveries.get(delivery_id)
    attempts = await system.deliveries.attempts(delivery)
    event = await system.sources.store.read_at(delivery.position)
    payload = None if event is None else payload_of(event)
    return DeliveryDetail.of(delivery, whole=_sees_all(asking), payload=payload, attempts=attempts)


@router.post("/deliveries/{deliveryId}/retry", response_model=DeliveryDocument, status_code=202)
@requires(Role.OPERATE)
async def retry_delivery(system: Shared, delivery_id: DeliveryId) -> DeliveryDocument:
    """Retry a parked delivery."""
    return DeliveryDocument.of(await system.deliveries.retry(delivery_id))


def _sees_all(asking: Caller) -> bool:
    """Return True where the caller may see an endpoint's path, where many receivers keep a token."""
    return asking.role >= Role.OPERATE
