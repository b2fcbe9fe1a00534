"""POST: events from payment providers. They sign their requests and have no API key."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from application.stripe_events import InvalidStripeEvent, StripeEventOpen, handle_stripe_event
from web.limits import read_body
from web.models import ProblemDocument
from web.problems import MEDIA_TYPE, RETRY_AFTER, NotFound, Problem
from web.route import ANSWER_SECONDS, by_name
from web.system import Shared

router = APIRouter(prefix="/v1/gateways", tags=["gateways"], generate_unique_id_function=by_name)
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}}
_PROBLEMS: Final = {
    400: "The signature is not Stripe's, too old, or dated in the future; or the body is not an event",
    404: "No secret is set for Stripe's webhooks",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "The body is not JSON",
    500: "An internal error",
    503: "The event is not handled yet: Stripe delivers it again",
}
Signature = Annotated[str | None, Header(alias="Stripe-Signature", description="Stripe's signature of the body")]
_BODY: Final = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


@router.post(
    "/stripe/events",
    status_code=204,
    response_class=Response,
    responses={status: {"description": words, "content": _PROBLEM} for status, words in _PROBLEMS.items()},
    openapi_extra={"security": [], "requestBody": _BODY},
)
async def take_event(system: Shared, request: Request, signature: Signature = None) -> Response:
    """Receive an event of the Stripe account. Each event is handled once, in any order and however often it is sent."""
    events = system.stripe_events
    if events is None:
        raise NotFound("no secret is set for Stripe's webhooks")
    body = await read_body(request)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await handle_stripe_event(
                events, system.payments, system.orders, system.client, system.settings, body, signature
            )
    except InvalidStripeEvent as error:
        raise Problem(400, "invalid-event", str(error)) from None
    except StripeEventOpen as error:
        raise Problem(503, "event-open", str(error), headers=RETRY_AFTER) from None
    return Response(status_code=204)
