"""Proxy in front of localstripe with Stripe's missing features: idempotency keys, bounded refunds, and faults of calls."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import orjson
from aiohttp import web

from embedded.ports import HOST
from tests.gateways.local_stripe import LocalStripe
from tests.gateways.stripe_calls import Call, Fault, FaultKind, Hook, Reply
from tests.gateways.stripe_dashboard import Dashboard
from tests.gateways.stripe_search import listed, listed_refunds
from tests.gateways.stripe_undecided import Undecided

UNKNOWN_TO_LOCALSTRIPE = ("automatic_payment_methods", "off_session")
HOOK = "/hook"


class StripeProxy:
    """Stripe for a test. calls: every request, in order. hooks: every webhook, for the test to deliver."""

    def __init__(self, behind: LocalStripe, session: aiohttp.ClientSession) -> None:
        self.behind, self._session = behind, session
        self.address = ""
        self.dashboard = Dashboard(behind)
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.late: list[Call] = []
        self.hooks: list[Hook] = []
        self.forgetful = False
        """Whether no key is known a moment later already, as Stripe knows none after a day."""
        self.search_is_behind = False
        """Whether the search finds nothing yet, as Stripe's may for a minute."""
        self.long_ago = False
        """Whether all intents are too old to be among the latest."""
        self.bounced: set[str] = set()
        """Refunds that have failed after Stripe took them on, which localstripe does not know."""
        self.undecided = Undecided()
        self._replies: dict[str, tuple[Call, Reply | None]] = {}
        self._refunding = asyncio.Lock()
        self._chance = random.Random(20260401)

    def fail(self, pattern: str, kind: FaultKind, **how: Any) -> Fault:
        """Fail calls that the pattern finds, by the first matching fault."""
        self.faults.append(fault := Fault(pattern, kind, **how))
        return fault

    @property
    def faults_left(self) -> int:
        """Number of calls that the bounded faults still wait for."""
        return sum(fault.remaining or 0 for fault in self.faults)

    def called(self, pattern: str) -> list[Call]:
        return [call for call in self.calls if re.search(pattern, call.name)]

    async def deliver(self) -> list[Reply]:
        """Execute the effects of calls with a late_effect now; their answers are lost."""
        late, self.late = self.late, []
        return [await self._once(call) for call in late]

    async def given_back(self, intent_id: str) -> int:
        """Refunded amount of an intent, without failed refunds."""
        refunds = await self.behind.refunds()
        gone = {
            *self.bounced,
            *(id_ for id_, status in self.undecided.refunds.items() if status in ("failed", "canceled")),
        }
        ours = [each for each in refunds if each["payment_intent"] == intent_id and each["id"] not in gone]
        return sum(each["amount"] for each in ours)

    def forget(self) -> None:
        """Forget all keys, as after a day."""
        self._replies.clear()

    async def subscribe(self, secret: str) -> None:
        """Have webhooks signed with the secret sent to `hooks`."""
        await self.behind.ask("POST", "/_config/webhooks/proxy", url=f"{self.address}{HOOK}", secret=secret)

    async def send(self, hook: Hook, url: str) -> int:
        """Deliver a webhook; returns the status of the answer."""
        async with self._session.post(url, data=hook.body, headers=hook.headers) as answer:
            return answer.status

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.path == HOOK:
            names = ("Content-Type", "Stripe-Signature")
            self.hooks.append(Hook(body, {name: request.headers[name] for name in names}))
            return web.Response()
        call = Call(
            request.method, request.path_qs, request.headers.get("Idempotency-Key"), body, dict(request.headers)
        )
        self.calls.append(call)
        fault = self._drawn(call)
        match fault:
            case None:
                # Stripe completes a call whose client has gone, and stores its answer under the key.
                return (await asyncio.shield(self._once(call))).response()
            case Fault(kind="status"):
                return (await self._failed(call, fault)).response()
            case Fault(kind="delay"):
                await asyncio.sleep(fault.seconds)
                return (await self._once(call)).response()
            case Fault(kind="held"):
                reply = await self._once(call)
                fault.reached.set()
                await fault.release.wait()
                return reply.response()
            case Fault(kind="hang"):
                await asyncio.Event().wait()  # until the caller disconnects, which cancels this
            case Fault(kind="late_effect"):
                self.late.append(call)
            case Fault(kind="lost_reply"):
                await asyncio.shield(self._once(call))
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _drawn(self, call: Call) -> Fault | None:
        for fault in self.faults:
            if fault.remaining != 0 and re.search(fault.pattern, call.name):
                if self._chance.random() >= fault.probability:
                    return None
                if fault.remaining is not None:
                    fault.remaining -= 1
                return fault
        return None

    async def _failed(self, call: Call, fault: Fault) -> Reply:
        if call.key in self._replies:
            return await self._once(call)
        content = orjson.dumps({"error": fault.error}) if fault.body is None else fault.body.encode()
        reply = Reply(fault.status, content, fault.headers)
        if fault.effect:
            await self._forward(call)
        if fault.is_saved and call.key and call.method == "POST":
            self._replies[call.key] = (call, reply)
        return reply

    async def _once(self, call: Call) -> Reply:
        """Repeat the key's first answer as Stripe does; refuse other content, and a call while the first is in
        progress."""
        if call.key is None or call.method != "POST":
            return await self._forward(call)
        known = self._replies.get(call.key)
        if known is None:
            self._replies[call.key] = (call, None)
            reply = await self._forward(call)
            self._replies[call.key] = (call, reply)
            if self.forgetful:
                self.forget()
            return reply
        first, reply_then = known
        if (first.path, first.body) != (call.path, call.body):
            return _refusal(400, "idempotency_error", "idempotency_key_reused")
        if reply_then is None:
            return _refusal(409, "invalid_request_error", "idempotency_key_in_use")
        return replace(reply_then, headers={**reply_then.headers, "Idempotent-Replayed": "true"})

    async def decide(self, id_: str, *, succeeds: bool) -> None:
        """Let a payment in processing, or a pending refund, succeed or fail."""
        if id_ not in self.undecided.processing:
            self.undecided.refunds[id_] = "succeeded" if succeeds else "failed"
            return
        self.undecided.processing.remove(id_)
        if succeeds:
            await self.behind.ask("POST", f"/v1/payment_intents/{id_}/confirm")
        else:
            self.undecided.failed.add(id_)

    async def _waiting(self, call: Call) -> Reply | None:
        """Stripe's answer about a payment in processing, or a refund that waits for the customer; None for any other."""
        acts = re.fullmatch(r"POST /v1/(payment_intents|refunds)/([^/]+)/(confirm|cancel)", call.name)
        if acts is None:
            return None
        kind, id_, act = acts.groups()
        if act == "confirm" and self.undecided.charge_waits:
            self.undecided.charge_waits = False
            self.undecided.processing.add(id_)
            return await self._send(replace(call, method="GET", path=f"/v1/payment_intents/{id_}", body=b""))
        if id_ in self.undecided.processing:
            return _refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        if kind == "refunds":
            if self.undecided.refunds.get(id_) != "requires_action":
                return _refusal(400, "invalid_request_error", "refund_not_cancelable")
            self.undecided.refunds[id_] = "canceled"
            return await self._send(replace(call, method="GET", path=f"/v1/refunds/{id_}", body=b""))
        return None

    async def _forward(self, call: Call) -> Reply:
        if reply := await self._waiting(call):
            return reply
        if call.name == "POST /v1/refunds":
            async with self._refunding:
                return await self._refund(call)
        if call.method == "GET" and re.match(r"/v1/payment_intents(/search)?\?", call.path):
            return await self._listed(call)
        if call.method == "GET" and call.path.startswith("/v1/refunds?created"):
            asked = dict(parse_qsl(call.path.partition("?")[2]))
            return Reply(200, self._with_bounced(orjson.dumps(await listed_refunds(self.behind, asked))))
        if call.method == "GET" and call.path.startswith("/v1/disputes?"):
            asked = dict(parse_qsl(call.path.partition("?")[2]))
            return Reply(200, orjson.dumps(self.dashboard.listed(asked)))
        return await self._send(call)

    async def _listed(self, call: Call) -> Reply:
        asked = dict(parse_qsl(call.path.partition("?")[2]))
        hidden = self.search_is_behind if "query" in asked else self.long_ago
        return Reply(200, self.dashboard.amended(orjson.dumps(await listed(self.behind, asked, hidden=hidden))))

    async def _refund(self, call: Call) -> Reply:
        intent = await self.behind.ask("GET", f"/v1/payment_intents/{call.form['payment_intent']}")
        if self.dashboard.is_disputed(intent["id"]):
            return _refusal(400, "invalid_request_error", "charge_disputed")
        charge = intent["latest_charge"]
        given_back = await self.given_back(intent["id"])
        if charge is None or given_back + int(call.form["amount"]) > charge["amount"]:
            return _refusal(400, "invalid_request_error", "charge_already_refunded")
        reply = await self._send(call)
        if self.undecided.refund_waits and reply.status == 200:
            self.undecided.refunds[orjson.loads(reply.content)["id"]] = self.undecided.refund_waits
            self.undecided.refund_waits = None
        return replace(reply, content=self._with_bounced(reply.content))

    async def _send(self, call: Call) -> Reply:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True)
        form = urlencode([pair for pair in pairs if not pair[0].startswith(UNKNOWN_TO_LOCALSTRIPE)])
        headers = {"Authorization": call.headers["Authorization"], "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.request(
            call.method, self.behind.address + call.path, data=form or None, headers=headers
        ) as answer:
            content = await answer.read()
        if answer.status == 402:  # localstripe answers as to any other invalid request
            content = content.replace(b'"invalid_request_error"', b'"card_error"')
        return Reply(answer.status, self.dashboard.amended(self._with_bounced(content)))

    def _with_bounced(self, content: bytes) -> bytes:
        answer = orjson.loads(content)
        if not isinstance(answer, dict):
            return content
        self.undecided.refunds |= dict.fromkeys(self.bounced, "failed")
        return orjson.dumps(self.undecided.shown(answer))


def _refusal(status: int, kind: str, code: str) -> Reply:
    return Reply(status, orjson.dumps({"error": {"type": kind, "code": code, "message": "refused by the proxy"}}))


@asynccontextmanager
async def run_stripe_proxy(behind: LocalStripe) -> AsyncIterator[StripeProxy]:
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        proxy = StripeProxy(behind, session)
        server = web.Server(proxy.handle, handler_cancellation=True)  # type: ignore[arg-type]
        runner = web.ServerRunner(server, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, 0)
            await site.start()
            proxy.address = f"http://{HOST}:{runner.addresses[0][1]}"
            yield proxy
        finally:
            await runner.cleanup()
