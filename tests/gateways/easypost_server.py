"""A server with EasyPost's documented answers: keeps EasyPost's books, checks every request, and fails on demand."""

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
from tests.gateways.easypost_books import EasyPostBooks, Refusal

API_KEY = "EZTK-of-the-tests"
SENDER = {"company": "Tea House", "street1": "Torstr. 49", "city": "Berlin", "zip": "10119"}
SENDER |= {"country": "DE", "phone": "+49301234567"}
CREATE, RETRIEVE = "POST /v2/shipments$", "GET /v2/shipments/"
BUY, RERATE, REFUND = "/buy$", "/rerate$", "/refund$"
FaultKind: TypeAlias = Literal["lost_request", "lost_reply", "late_effect", "hang", "status", "status_then_effect"]


@dataclass
class Fault:
    """A fault of calls whose `METHOD /path` the pattern finds.

    lost_request: no effect, no answer. lost_reply: the effect, no answer. late_effect: no answer, and the effect with
    `deliver`. hang: no effect, and the connection stays open. status: this answer and no effect. status_then_effect:
    this answer, and the effect with `deliver`. remaining: calls to fail, None for no end.
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


@dataclass
class EasyPostServer(EasyPostBooks):
    """The books behind HTTP."""

    base: str = ""
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """By what was called: create, retrieve, rerate, buy, refund."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _late: list[Callable[[], Any]] = field(default_factory=list)

    def fail(self, pattern: str, kind: FaultKind, **how: Any) -> None:
        self.faults.append(Fault(pattern, kind, **how))

    def deliver(self) -> None:
        """Execute the late effects; their answers may be lost."""
        while self._late:
            try:
                self._late.pop(0)()
            except Refusal:
                continue

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self._expect(request.headers.get("Authorization") == f"Bearer {API_KEY}", "another key than ours")
        effect = self._effect(request, body)
        fault = self._fault(f"{request.method} {request.path}")
        if fault is None:
            return _answered(effect)
        if fault.kind in ("late_effect", "status_then_effect"):
            self._late.append(effect)
        if fault.kind in ("status", "status_then_effect"):
            body = fault.body or orjson.dumps({"error": fault.error}).decode()
            return web.Response(text=body, status=fault.status, headers=fault.headers)
        if fault.kind == "hang":
            await self.closing.wait()
        if fault.kind == "lost_reply":
            _answered(effect)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _effect(self, request: web.Request, body: Any) -> Callable[[], dict[str, Any]]:
        shipment_id, action = request.match_info.get("id"), request.match_info.get("action")
        if shipment_id is None and request.method == "GET":
            self.calls["list"] += 1
            return lambda: self.listed(request.query)
        if shipment_id is None:
            self.calls["create"] += 1
            return lambda: self.create(body)
        if action is None and shipment_id not in self.shipments:
            self.calls["find"] += 1
            return lambda: self.find(shipment_id)
        shipment = self.shipments[shipment_id]
        self.calls[action or "retrieve"] += 1
        if action == "buy":
            return lambda: self.buy(shipment, body)
        if action == "rerate":
            return lambda: self.rerate(shipment)
        return (lambda: self.refund(shipment)) if action == "refund" else (lambda: shipment)

    def _fault(self, call: str) -> Fault | None:
        for fault in self.faults:
            if re.search(fault.pattern, call) and fault.remaining != 0:
                if fault.remaining is not None:
                    fault.remaining -= 1
                return fault
        return None


def _answered(effect: Callable[[], dict[str, Any]]) -> web.Response:
    try:
        return web.json_response(effect())
    except Refusal as refusal:
        return web.json_response(refusal.body, status=refusal.status)


@asynccontextmanager
async def run_easypost_server() -> AsyncIterator[EasyPostServer]:
    """Run the server on a free port. Fails at the end if a request had a problem."""
    server = EasyPostServer()
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = server.answer
    app = web.Application()
    for method, path in (("POST", ""), ("GET", ""), ("GET", "/{id}"), ("POST", "/{id}/{action:buy|refund|rerate}")):
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
