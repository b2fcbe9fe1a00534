"""The API's own description matches a real server with real data, for every request of schemathesis."""

import asyncio
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from temporalio.client import Client

from bootstrap import App
from gateways.stripe.api import StripeApi
from gateways.stripe.events import StripeEvents
from gateways.stripe.signature import verified
from tests.integration.api_harness import KEYS, OPERATOR, READER, api, api_of
from tests.running_system import running_system
from web import parameters

EXAMPLES: Final = 4
# Left out: acceptance of all requests that match the schema. The total of an order is the sum of its lines, and an order
# has to exist in the right state, which no schema expresses. Also unlinked requests: use_after_free and the like.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


async def test_every_operation_answers_as_it_is_described(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parameters, "WAIT_SECONDS", 0.05)
    async with (
        running_system(database_url, temporal_client, api_keys=KEYS, adapt=listening_to_stripe) as system,
        api_of(system.app, temporal_client, key=OPERATOR) as served,
    ):
        await system.stock(TEA_1=10)
        order_id = await served.place()
        await system.settled(order_id, "shipped")
        await served.post("/v1/orders", {"no": "order"})
        code, out = await schemathesis(served.url, tmp_path)
        assert code == 0, out
        assert "No issues found" in out or "passed" in out, out


def listening_to_stripe(app: App) -> App:
    """Application with Stripe's webhooks, so that requests to their address are answered, although none is signed."""
    stripe = StripeApi("sk_none", "http://127.0.0.1:1")
    return replace(app, stripe=stripe, stripe_events=StripeEvents(app.pool, stripe, partial(verified, secret="none")))


async def schemathesis(url: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of a run over every operation except streams, which do not end."""
    # A time-out of the wait for a projection is documented, and no fault.
    (folder / "schemathesis.toml").write_text(
        '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 504]\n'
    )
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("run", f"{url}/v1/openapi.json", "--header", f"Authorization: Bearer {OPERATOR}"),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
        *("--exclude-path", "/v1/events", "--exclude-path", "/v1/orders/{orderId}/events"),
        *("--max-examples", str(EXAMPLES), "--generation-deterministic"),
        *("--request-timeout", "20", "--no-color", "--continue-on-failure", "--warnings", "off"),
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_it_is_openapi_3_1_with_every_operation_described(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=READER) as served:
        description: dict[str, Any] = await served.get("/v1/openapi.json")
    assert description["openapi"].startswith("3.1.")
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/v1/"):
                continue
            name = f"{method} {path}"
            if path == "/v1/gateways/stripe/events":  # the signer of webhooks has no key
                assert operation["security"] == []
                continue
            assert operation["security"] == [{"apiKey": []}], name
            assert operation.get("description"), name
            assert {"401", "403", "422", "500", "503"} <= set(operation["responses"]), name
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], f"{name} {status}"
            if method == "post":
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert "Idempotency-Key" in names, name
