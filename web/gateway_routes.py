"""POST: what payment providers tell by themselves. They sign what they say, and have no key of ours."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from application.stripe_events import InvalidStripeEvent, StripeEventOpen, take_stripe_event
from web.limits import read_body
from web.models import ProblemDocument
from web.problems import MEDIA_TYPE, RETRY_AFTER, NotFound, Problem
from web.route import ANSWER_SECONDS
from web.system import Shared

router = APIRouter(prefix="/v1/gateways", tags=["gateways"])
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}}
_PROBLEMS: Final = {
    400: "The signature is not Stripe's, too old, or dated in the future; or the body is no event",
    404: "No secret is set for Stripe's webhooks",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "The body is not JSON",
    500: "A fault of ours",
    503: "What the event asks for is not done yet: Stripe is to deliver it again",
}
_BODY: Final = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


@router.post(
    "/stripe/events",
    status_code=204,
    response_class=Response,
    responses={status: {"description": words, "content": _PROBLEM} for status, words in _PROBLEMS.items()},
    openapi_extra={"security": [], "requestBody": _BODY},
)
async def take_event(
    system: Shared, request: Request, signature: Annotated[str | None, Header(alias="Stripe-Signature")] = None
) -> Response:
    """For Stripe alone: an event of its account. It is acted on once, however often and in whatever order events come."""
    events = system.stripe_events
    if events is None:
        raise NotFound("no secret is set for Stripe's webhooks")
    body = await read_body(request)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            task_queue = system.settings.task_queue
            await take_stripe_event(events, system.orders, system.client, task_queue, body, signature)
    except InvalidStripeEvent as error:
        raise Problem(400, "invalid-event", str(error)) from None
    except StripeEventOpen as error:
        raise Problem(503, "event-open", str(error), headers=RETRY_AFTER) from None
    return Response(status_code=204)
