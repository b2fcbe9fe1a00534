"""A server that answers as EasyPost documents: it keeps shipments, checks every request, and fails where told to.

https://docs.easypost.com/docs/shipments, /docs/shipments/shipping-refund, /docs/errors
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson
from aiohttp import web

from embedded.ports import HOST

API_KEY = "EZTK-of-the-tests"
SENDER = {
    "company": "Tea House",
    "street1": "417 Montgomery St",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94104",
}
SENDER |= {"country": "US", "phone": "4155550100"}
HEAVIEST = 800.0  # ounces
UNDELIVERABLE = "Nowhere 1"
CREATE, RETRIEVE = "POST /v2/shipments$", "GET /v2/shipments/"
BUY, REFUND = "/buy$", "/refund$"
FaultKind: TypeAlias = Literal["lost_request", "lost_reply", "late_effect", "hang", "status"]
_ADDRESS = {"name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email"}
_SHIPMENT = {"reference", "to_address", "from_address", "parcel"}


@dataclass
class Fault:
    """What happens to calls whose `METHOD /path` the pattern finds.

    lost_request: no effect, no answer. lost_reply: the effect, no answer. late_effect: no answer, and the effect with
    `deliver`. hang: no effect, and the connection stays open. status: this answer and no effect. remaining: calls to
    hit, None for no end.
    """

    pattern: str
    kind: FaultKind
    remaining: int | None = 1
    status: int = 500
    body: str | None = None
    """In place of the error in EasyPost's form."""
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] = field(
        default_factory=lambda: {"code": "INTERNAL_SERVER_ERROR", "message": "…", "errors": []}
    )


class Refusal(Exception):
    """A 422 in EasyPost's form, with its code and words."""

    def __init__(self, code: str, message: str, *errors: dict[str, Any] | str) -> None:
        super().__init__(code)
        self.body = {"error": {"code": code, "message": message, "errors": list(errors)}}


@dataclass
class EasyPostServer:
    """EasyPost as far as our gateway knows it, empty at first."""

    base: str = ""
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """By what was called: create, retrieve, buy, refund."""
    problems: list[str] = field(default_factory=list)
    """What was wrong with the requests that came."""
    refund_status: str = "submitted"
    """What is answered when a label is to be taken back."""
    refuses_to_sell: bool = False
    refuses_refunds: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _late: list[Callable[[], Any]] = field(default_factory=list)

    def fail(self, pattern: str, kind: FaultKind, **how: Any) -> None:
        self.faults.append(Fault(pattern, kind, **how))

    def deliver(self) -> None:
        """Let the calls that met a late_effect have it, whoever still listens."""
        while self._late:
            try:
                self._late.pop(0)()
            except Refusal:
                continue

    def decide(self, status: str) -> None:
        """The carriers decide on every label that is to be taken back."""
        for shipment in self.shipments.values():
            if shipment["refund_status"] is not None:
                shipment["refund_status"] = status

    def of(self, reference: str) -> list[dict[str, Any]]:
        return [each for each in self.shipments.values() if each["reference"] == reference]

    def bought(self, reference: str) -> list[dict[str, Any]]:
        return [each for each in self.of(reference) if each["postage_label"] is not None]

    # What EasyPost does

    def create(self, body: Any) -> dict[str, Any]:
        self._check_creation(body)
        given = body["shipment"]
        if given["to_address"]["street1"] == UNDELIVERABLE:
            raise Refusal(
                "ADDRESS.VERIFY.FAILURE",
                f"Address not found: {given['to_address']['street1']}, {given['to_address']['city'].upper()}",
                {"field": "street1", "message": "House number is missing", "suggestion": None},
            )
        number = f"{len(self.shipments) + 1:032x}"
        too_heavy = given["parcel"]["weight"] > HEAVIEST
        rates = [] if too_heavy else [_rate(number, 1, "Priority", "11.20"), _rate(number, 2, "Ground", "7.58")]
        message = {"carrier": "USPS", "type": "rate_error", "message": "Package weight exceeds the limit"}
        shipment = {
            "id": f"shp_{number}",
            "object": "Shipment",
            "mode": "test",
            **given,
            "rates": rates,
            "messages": [message] if too_heavy else [],
            "selected_rate": None,
            "postage_label": None,
            "tracking_code": None,
            "refund_status": None,
            "status": "unknown",
        }
        self.shipments[shipment["id"]] = shipment
        return shipment

    def buy(self, shipment: dict[str, Any], body: Any) -> dict[str, Any]:
        rate_id = body.get("rate", {}).get("id")
        [rate] = [each for each in shipment["rates"] if each["id"] == rate_id] or [None]
        self._expect(rate is not None, f"an unknown rate {rate_id}")
        if shipment["postage_label"] is not None:
            raise Refusal("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
        if self.refuses_to_sell:
            raise Refusal("SHIPMENT.POSTAGE.FAILURE", "Unable to complete shipment purchase", "account on hold")
        shipment["selected_rate"] = rate
        shipment["postage_label"] = {"id": shipment["id"].replace("shp", "pl"), "object": "PostageLabel"}
        shipment["tracking_code"] = f"94001000000000{len(self.shipments):08d}{int(shipment['id'][4:], 16):04d}"
        return shipment

    def refund(self, shipment: dict[str, Any]) -> dict[str, Any]:
        self._expect(shipment["postage_label"] is not None, "a refund of what was never bought")
        if self.refuses_refunds:
            raise Refusal("SHIPMENT.REFUND.UNAVAILABLE", "Refund request denied")
        shipment["refund_status"] = self.refund_status
        return shipment

    # How it is reached

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self._expect(request.headers.get("Authorization") == f"Bearer {API_KEY}", "another key than ours")
        effect = self._effect(request, body)
        fault = self._fault(f"{request.method} {request.path}")
        if fault is None:
            return _answered(effect)
        if fault.kind == "status":
            body = fault.body or orjson.dumps({"error": fault.error}).decode()
            return web.Response(text=body, status=fault.status, headers=fault.headers)
        if fault.kind == "hang":
            await self.closing.wait()
        if fault.kind == "lost_reply":
            _answered(effect)
        if fault.kind == "late_effect":
            self._late.append(effect)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _effect(self, request: web.Request, body: Any) -> Callable[[], dict[str, Any]]:
        shipment_id, action = request.match_info.get("id"), request.match_info.get("action")
        if shipment_id is None:
            self.calls["create"] += 1
            return lambda: self.create(body)
        shipment = self.shipments[shipment_id]
        self.calls[action or "retrieve"] += 1
        if action == "buy":
            return lambda: self.buy(shipment, body)
        return (lambda: self.refund(shipment)) if action == "refund" else (lambda: shipment)

    def _fault(self, call: str) -> Fault | None:
        for fault in self.faults:
            if re.search(fault.pattern, call) and fault.remaining != 0:
                if fault.remaining is not None:
                    fault.remaining -= 1
                return fault
        return None

    def _check_creation(self, body: Any) -> None:
        given = body.get("shipment", {})
        self._expect(set(body) == {"shipment"} and set(given) == _SHIPMENT, f"a shipment of {sorted(given)}")
        for address in (given["to_address"], given["from_address"]):
            self._expect({"street1", "city", "country"} <= set(address) <= _ADDRESS, f"an address of {sorted(address)}")
            self._expect(all(isinstance(part, str) for part in address.values()), "an address that is not of texts")
        self._expect(set(given["parcel"]) == {"weight"} and given["parcel"]["weight"] > 0, "a parcel without a weight")

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def _rate(shipment: str, number: int, service: str, price: str) -> dict[str, Any]:
    rate_id = f"rate_{shipment}{number}"
    return {
        "id": rate_id,
        "object": "Rate",
        "service": service,
        "carrier": "USPS",
        "rate": price,
        "currency": "USD",
        "shipment_id": f"shp_{shipment}",
    }


def _answered(effect: Callable[[], dict[str, Any]]) -> web.Response:
    try:
        return web.json_response(effect())
    except Refusal as refusal:
        return web.json_response(refusal.body, status=422)


@asynccontextmanager
async def run_easypost_server() -> AsyncIterator[EasyPostServer]:
    """On a port of its own. At the end no request may have had a problem."""
    server = EasyPostServer()
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = server.answer
    app = web.Application()
    for method, path in (("POST", ""), ("GET", "/{id}"), ("POST", "/{id}/{action:buy|refund}")):
        app.router.add_route(method, f"/v2/shipments{path}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    server.base = f"http://{HOST}:{runner.addresses[0][1]}/v2"
    try:
        yield server
    finally:
        server.closing.set()
        await runner.cleanup()
    assert not server.problems, server.problems
