"""Stripe's and EasyPost's stand-ins, served over HTTP to the workers of a soak. A storm fails a share of all calls."""

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from explore.easypost_stand_in import API_KEY as EASYPOST_KEY
from explore.easypost_stand_in import SENDER, EasyPostBooks, EasyPostStandIn
from explore.providers import FaultKind, NoAnswer, Weather
from explore.stripe_books import DECLINED_CARD, StripeBooks
from explore.stripe_stand_in import API_KEY as STRIPE_KEY
from explore.stripe_stand_in import StripeStandIn

DECLINED: Final = 0.05  # of all orders
_KINDS: Final[tuple[FaultKind, ...]] = ("before", "after", "late", "stored", "busy")
_ADDRESS: Final = {"line1": "Obere Str. 57", "city": "Berlin", "postalCode": "12209", "country": "DE"}


@dataclass
class Storm(Weather):
    """Faults of a share of the calls, of any order."""

    dice: random.Random = field(default_factory=random.Random)
    share: float = 0.0

    def next_fault(self, order_id: str, operation: str) -> FaultKind | None:
        return self.dice.choice(_KINDS) if self.dice.random() < self.share else None


class Providers:
    """Both stand-ins with their books. lock: held for every call, and while the books are read."""

    def __init__(self, dice: random.Random) -> None:
        self.storm = Storm(dice=dice)
        self.stripe, self.easypost = StripeBooks(self.storm), EasyPostBooks(self.storm)
        self.lock = threading.Lock()
        self.address = ""
        self._stripe, self._easypost = StripeStandIn(self.storm, self.stripe), EasyPostStandIn(self.easypost)

    @property
    def settings(self) -> dict[str, Any]:
        """Values of the settings' fields that select the stand-ins."""
        return {
            "stripe_api_key": STRIPE_KEY,
            "stripe_api_base": self.address,
            "easypost_api_key": EASYPOST_KEY,
            "easypost_api_base": f"{self.address}/v2",
            "easypost_from": SENDER,
        }

    def end_storm(self) -> int:
        """End the faults, have every late effect happen, and return their number."""
        with self.lock:
            self.storm.share = 0.0
            late = {order_id: len(effects) for order_id, effects in self.storm.late.items()}
            for order_id in late:
                self.storm.land(order_id)
        return sum(late.values())

    def answer(self, method: str, url: str, body: bytes, key: str | None) -> tuple[int, Mapping[str, Any]]:
        """Answer a request to either provider. Raises NoAnswer."""
        parts = urlsplit(url)
        with self.lock:
            if parts.path.startswith("/v2/"):
                return self._easypost.answer(method, parts.path, orjson.loads(body) if body else {})
            form, query = (dict(parse_qsl(text, keep_blank_values=True)) for text in (body.decode(), parts.query))
            return self._stripe.answer(method, parts.path.removeprefix("/v1/"), form, query, key)


def order_at_providers(data: Mapping[str, Any], order_id: str, dice: random.Random) -> dict[str, Any]:
    """The order with a card, and an address that needs no customs. The carrier's books identify it by the recipient's name."""
    card = DECLINED_CARD if dice.random() < DECLINED else "pm_card_visa"
    return {**data, "paymentMethod": card, "shippingAddress": {"name": order_id, **_ADDRESS}}


@contextmanager
def running_providers(dice: random.Random) -> Iterator[Providers]:
    """Serve the stand-ins at a loopback address until the end of the block."""
    providers = Providers(dice)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, providers)) as server:
        server.daemon_threads = True
        providers.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="providers", daemon=True)
        thread.start()
        try:
            yield providers
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on; a call without an answer ends with its connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, providers: Providers, *args: Any) -> None:
        self._providers = providers
        super().__init__(*args)

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: Any) -> None: ...

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, answer = self._providers.answer(self.command, self.path, body, self.headers.get("Idempotency-Key"))
        except NoAnswer:
            self.close_connection = True
            return
        content = orjson.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
