"""Simulated EasyPost: its books of shipments, and an HTTP adapter for the official client, with faults.

https://docs.easypost.com/docs/shipments, /docs/shipments/shipping-refund
"""

import copy
import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import orjson
import requests
from requests.adapters import BaseAdapter

from explore.providers import NoAnswer, Operation, Weather

API_KEY: Final = "EZTK_explore"
HEAVIEST: Final = 800.0  # ounces
SENDER: Final = '{"street1": "Torstr. 49", "city": "Berlin", "zip": "10119", "country": "DE"}'
_FAILURE: Final = (500, {"error": {"code": "INTERNAL_SERVER_ERROR", "message": "failed", "errors": []}})
_BUSY: Final = (429, {"error": {"code": "RATE_LIMITED", "message": "busy", "errors": []}})
_ABSENT: Final = "NOT_FOUND"
_SERVICES: Final = (("USPS", "Priority", "7.58"), ("UPS", "Ground", "9.10"))
_TOO_HEAVY: Final = {"carrier": "USPS", "message": "Package weight exceeds the limit"}
_TRY_LATER: Final = {"carrier": "USPS", "message": "Unable to retrieve rates, please try again later"}
_REFUSALS: Final = {"refused": "ADDRESS.VERIFY.FAILURE", "unable": "SHIPMENT.POSTAGE.FAILURE"}


class _Refusal(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.body = {"error": {"code": code, "message": code, "errors": []}}


@dataclass
class EasyPostBooks:
    """EasyPost's state. A refund is submitted first, and made at the next read."""

    weather: Weather
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def live(self, order_id: str) -> int:
        """Number of labels that were bought and not refunded."""
        labels = [each for each in self.shipments.values() if _order_of(each) == order_id and each["postage_label"]]
        return sum(each["refund_status"] in (None, "rejected") for each in labels)

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        given, number = body["shipment"], next(self._numbers)
        heavy = given["parcel"]["weight"] > HEAVIEST
        shipment: dict[str, Any] = {
            "id": f"shp_{number:032x}",
            "object": "Shipment",
            "reference": given["reference"],
            "order_id": _named(given),
            "rates": [] if heavy else self._rates(),
            "messages": [_TOO_HEAVY] if heavy else [],
            "selected_rate": None,
            "postage_label": None,
            "tracking_code": None,
            "refund_status": None,
        }
        self.shipments[shipment["id"]] = shipment
        return shipment

    def find(self, reference: str) -> dict[str, Any]:
        found = [each for each in self.shipments.values() if each["reference"] == reference]
        if not found:
            raise _Refusal(_ABSENT)
        return found[-1]

    def buy(self, shipment: dict[str, Any], rate_id: str) -> dict[str, Any]:
        if shipment["postage_label"]:
            raise _Refusal("SHIPMENT.POSTAGE.EXISTS")
        chosen = next((rate for rate in shipment["rates"] if rate["id"] == rate_id), None)
        if chosen is None:
            raise _Refusal("SHIPMENT.POSTAGE.RATE_EXPIRED")
        label = {"id": shipment["id"].replace("shp", "pl"), "object": "PostageLabel"}
        shipment |= {
            "postage_label": label,
            "selected_rate": chosen,
            "tracking_code": f"T{shipment['id']}",
        }
        order_id = _order_of(shipment)
        if self.live(order_id) > 1:
            self.weather.violations[order_id].append("two live labels at the same time")
        return shipment

    def rerate(self, shipment: dict[str, Any]) -> dict[str, Any]:
        if shipment["postage_label"]:
            raise _Refusal("SHIPMENT.POSTAGE.EXISTS")
        if _TOO_HEAVY not in shipment["messages"]:
            shipment |= {"rates": self._rates(), "messages": []}
        return {"rates": shipment["rates"], "messages": shipment["messages"]}

    def without_rates(self, shipment: dict[str, Any]) -> dict[str, Any]:
        """The carriers' systems are down: the shipment exists, and has no rates."""
        shipment |= {"rates": [], "messages": [_TRY_LATER]}
        return shipment

    def expire(self, shipment: dict[str, Any]) -> None:
        """The shipment's rates cannot be bought any more."""
        shipment["rates"] = [{**rate, "id": f"{rate['id']}_expired"} for rate in shipment["rates"]]

    def _rates(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"rate_{next(self._numbers)}",
                "object": "Rate",
                "carrier": carrier,
                "service": service,
                "rate": price,
                "currency": "USD",
            }
            for carrier, service, price in _SERVICES
        ]

    def refund(self, shipment: dict[str, Any]) -> dict[str, Any]:
        if not shipment["postage_label"]:
            raise _Refusal("SHIPMENT.REFUND.UNAVAILABLE")
        if shipment["refund_status"] is None:
            shipment["refund_status"] = "submitted"
        return shipment

    def read(self, shipment: dict[str, Any]) -> dict[str, Any]:
        if shipment["refund_status"] == "submitted":
            shipment["refund_status"] = "refunded"
        return shipment


class EasyPostStandIn(BaseAdapter):
    """HTTP adapter in place of api.easypost.com; called from the client's threads."""

    def __init__(self, books: EasyPostBooks) -> None:
        super().__init__()
        self.books, self._lock = books, threading.Lock()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        body = orjson.loads(request.body) if request.body else {}
        try:
            status, answer = self.answer(request.method or "", request.path_url.partition("?")[0], body)
        except NoAnswer:
            raise requests.exceptions.ReadTimeout("no answer in time") from None
        response = requests.Response()
        response.status_code, response._content = status, orjson.dumps(answer)
        response.headers["Content-Type"] = "application/json"
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None: ...

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request. Raises NoAnswer."""
        with self._lock:
            return self._answer(method, path, body)

    def _answer(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        operation, order_id, effect = self._route(method, path, body)
        weather = self.books.weather
        match fault := weather.next_fault(order_id, operation):
            case None:
                return _performed(effect)
            case "refused" | "unable":
                return _performed(lambda: _refuse(_REFUSALS[fault]))
            case "no rates":
                return _performed(lambda: self.books.without_rates(effect()))
            case "expired":
                self.books.expire(self.books.shipments[path.split("/")[3]])
                return _performed(effect)
            case "busy":
                return _BUSY
            case "stored":
                return _FAILURE
            case "after":
                _performed(effect)
            case "late" if operation != "shipment.read":
                weather.late[order_id].append(lambda: _performed(effect))
        raise NoAnswer

    def _route(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[Operation, str, Any]:
        books = self.books
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["shipments"]:
                return "shipment.create", _named(body["shipment"]), lambda: books.create(body)
            case "GET", ["shipments", id_] if id_ not in books.shipments:
                return "shipment.find", "", lambda: books.find(unquote(id_))
            case "GET", ["shipments", id_]:
                found = books.shipments[id_]
                return "shipment.read", _order_of(found), lambda: books.read(found)
            case "POST", ["shipments", id_, "buy"]:
                bought = books.shipments[id_]
                return "shipment.buy", _order_of(bought), lambda: books.buy(bought, body["rate"]["id"])
            case "POST", ["shipments", id_, "rerate"]:
                rated = books.shipments[id_]
                return "shipment.rerate", _order_of(rated), lambda: books.rerate(rated)
            case "POST", ["shipments", id_, "refund"]:
                returned = books.shipments[id_]
                return "shipment.refund", _order_of(returned), lambda: books.refund(returned)
        raise NotImplementedError(f"the simulated EasyPost has no {method} {path}")


def _refuse(code: str) -> None:
    raise _Refusal(code)


def _performed(effect: Any) -> tuple[int, dict[str, Any]]:
    try:
        return 200, copy.deepcopy(effect())
    except _Refusal as refusal:
        return 404 if refusal.args == (_ABSENT,) else 422, refusal.body


def _named(given: Mapping[str, Any]) -> str:
    """Order id, which explored orders carry as the recipient's name: a reference may be a hash."""
    return str(given["to_address"]["name"])


def _order_of(shipment: Mapping[str, Any]) -> str:
    return str(shipment["order_id"])
