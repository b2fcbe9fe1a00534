"""Calls to the proxy for Stripe, its replies and webhooks, and the faults that it injects."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

FaultKind: TypeAlias = Literal["lost_request", "lost_reply", "late_effect", "hang", "status", "delay", "held"]


@dataclass
class Fault:
    """A fault of calls whose `METHOD /path` the pattern finds.

    lost_request: no effect, the connection ends. lost_reply: the effect, the connection ends. late_effect: the
    connection ends, the effect comes with `deliver`. hang: no effect, no answer. status: this answer, with an effect if
    `effect`. delay: seconds before the effect. held: the effect, then `reached` is set, and the answer waits for
    `release`. remaining: calls to fail, None for no end.

    saved: the answer is repeated under its key for a day, marked as by Stripe; by default in Stripe's cases, that is
    once the endpoint had begun to work. https://docs.stripe.com/error-low-level#idempotency
    """

    pattern: str
    kind: FaultKind
    remaining: int | None = 1
    probability: float = 1.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=lambda: {"type": "api_error"})
    saved: bool | None = None
    effect: bool = False
    body: str | None = None
    """In place of an error in Stripe's form."""
    seconds: float = 0.0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_saved(self) -> bool:
        return (self.status >= 500 or self.status in (400, 402, 404)) if self.saved is None else self.saved


@dataclass(frozen=True)
class Call:
    """A request. body: as a form."""

    method: str
    path: str
    key: str | None
    body: bytes
    headers: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        return web.Response(
            status=self.status, body=self.content, content_type="application/json", headers=self.headers
        )


@dataclass(frozen=True)
class Hook:
    """A webhook as sent by localstripe, with its signature."""

    body: bytes
    headers: dict[str, str]

    @property
    def type(self) -> str:
        return str(orjson.loads(self.body)["type"])
