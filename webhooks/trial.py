"""A test message to an endpoint, outside the log: one attempt at once, also while the endpoint is disabled."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from webhooks.endpoints import Endpoints
from webhooks.envelope import SOURCE
from webhooks.sender import NoAnswer, Sender
from webhooks.signing import signed_headers

TEST_TYPE: Final = "webhooks.test"


@dataclass(frozen=True, slots=True)
class Trial:
    """Result of a test message. status, response: of the receiver; error: None where it accepted the message."""

    message_id: str
    status: int | None
    error: str | None
    response: str | None
    milliseconds: int


async def send_test(endpoints: Endpoints, sender: Sender, endpoint_id: str, message_id: str) -> Trial:
    """Send a signed test message once. Raises UnknownEndpoint."""
    endpoint = await endpoints.get(endpoint_id)
    content = _body(endpoint_id, message_id)
    headers = signed_headers(message_id, content, await endpoints.secrets(endpoint_id))
    began = time.monotonic()
    try:
        answer = await sender.post(endpoint.url, headers, content)
    except NoAnswer as error:
        return Trial(message_id, None, str(error), None, _since(began))
    refusal = None if 200 <= answer.status < 300 else f"answered {answer.status}"
    return Trial(message_id, answer.status, refusal, answer.text, _since(began))


def _body(endpoint_id: str, message_id: str) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": message_id,
            "source": SOURCE,
            "type": TEST_TYPE,
            "subject": endpoint_id,
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {"endpointId": endpoint_id},
        }
    )


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
