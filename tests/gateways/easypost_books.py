"""EasyPost's books: shipments, their labels and refunds, by EasyPost's documented rules and delays.

https://docs.easypost.com/docs/shipments, /docs/shipments/shipping-refund, /docs/errors
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

HEAVIEST = 800.0  # ounces
UNDELIVERABLE = "Nowhere 1"
_ADDRESS = {"name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email"}
_SHIPMENT = {"reference", "to_address", "from_address", "parcel"}
_ITEM = {"description", "quantity", "value", "currency", "weight", "hs_tariff_number", "origin_country", "code"}
_WITHOUT_CUSTOMS = {"DE", "FR"}  # between these countries
TOO_HEAVY = "Package weight exceeds the limit"


class Refusal(Exception):
    """An error in EasyPost's form, with its code and message."""

    def __init__(self, code: str, message: str, *errors: dict[str, Any] | str, status: int = 422) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "errors": list(errors)}}


@dataclass
class EasyPostBooks:
    """The part of EasyPost that our gateway uses, empty at first."""

    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """What was wrong with the requests that came."""
    refund_status: str = "submitted"
    """What is answered when a label is to be taken back."""
    refuses_to_sell: str | None = None
    """The code with which every purchase is refused."""
    offers: list[tuple[str, str, str, str]] = field(
        default_factory=lambda: [("USPS", "Priority", "11.20", "USD"), ("USPS", "Ground", "7.58", "USD")]
    )
    """Carrier, service, price and currency of each rate."""
    no_rates: tuple[str, ...] | None = None
    """The carriers' messages while none offers a rate."""
    forgotten_rate: int = 422
    """The status with which a purchase by an expired rate is refused: the code is not documented."""
    refuses_refunds: bool = False
    answers_early: Literal["complete", "without_tracking", "without_label", "accepted"] = "complete"
    """What a purchase's answer lacks until `finish`: nothing, one of the two, or both."""
    refunds_early: bool = False
    """Whether a refund is accepted before the label is made, which then does not count for the label."""
    most_per_page: int = 100
    _rates: int = 0
    _offered: dict[str, dict[str, Any]] = field(default_factory=dict)
    _expired: set[str] = field(default_factory=set)
    _unfinished: list[dict[str, Any]] = field(default_factory=list)

    def finish(self) -> None:
        """Make the labels of purchases that were answered early."""
        while self._unfinished:
            self._complete(self._unfinished.pop(0))

    def live(self, reference: str) -> list[str]:
        """Labels that can be used and billed: bought, without a pending refund."""
        return [
            each["id"]
            for each in self.of(reference)
            if _is_bought(each) and each["refund_status"] not in ("submitted", "refunded", "not_applicable")
        ]

    def decide(self, status: str) -> None:
        """Let the carriers decide on every requested refund."""
        for shipment in self.shipments.values():
            if shipment["refund_status"] is not None:
                shipment["refund_status"] = status

    def of(self, reference: str) -> list[dict[str, Any]]:
        return [each for each in self.shipments.values() if each["reference"] == reference]

    def bought(self, reference: str) -> list[dict[str, Any]]:
        return [each for each in self.of(reference) if _is_bought(each)]

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
        shipment = {
            "id": f"shp_{number}",
            "object": "Shipment",
            "mode": "test",
            **given,
            "rates": [],
            "messages": [],
            "selected_rate": None,
            "postage_label": None,
            "tracking_code": None,
            "refund_status": None,
            "status": "unknown",
            "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        self.shipments[shipment["id"]] = shipment
        self.rerate(shipment)
        return shipment

    def rerate(self, shipment: dict[str, Any]) -> dict[str, Any]:
        """New rates, under new ids; the answer has nothing else of the shipment."""
        if _is_bought(shipment):
            raise Refusal("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
        messages = self._problems_of(shipment)
        self._rates += 1
        shipment["messages"] = [
            {"carrier": "USPS", "type": "rate_error", "message": message} for message in messages or ()
        ]
        shipment["rates"] = (
            [] if messages is not None else [_rate(shipment, self._rates, *each) for each in self.offers]
        )
        self._offered |= {rate["id"]: rate for rate in shipment["rates"]}
        return {"rates": shipment["rates"], "messages": shipment["messages"]}

    def expire_rates(self) -> None:
        """Forget all rates, which their shipments still have."""
        self._expired |= {rate["id"] for each in self.shipments.values() for rate in each["rates"]}

    def _problems_of(self, shipment: dict[str, Any]) -> tuple[str, ...] | None:
        ends = {shipment["from_address"]["country"], shipment["to_address"]["country"]}
        if self.no_rates is not None:
            return self.no_rates
        if shipment["parcel"]["weight"] > HEAVIEST:
            return (TOO_HEAVY,)
        if len(ends) > 1 and not ends <= _WITHOUT_CUSTOMS and "customs_info" not in shipment:
            return ("Customs info required for international rates.",)
        return None

    def find(self, reference: str) -> dict[str, Any]:
        """A shipment by its reference, in the place of an id."""
        found = self.of(reference)
        if not found:
            raise Refusal("NOT_FOUND", "The requested resource could not be found.", status=404)
        return found[-1]

    def listed(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """A page of the shipments, the latest first: those bought, or all."""
        self._expect("start_datetime" in asked and "end_datetime" in asked, "a list that ends after a month")
        only_bought = asked.get("purchased") in ("true", "True")
        found = [each for each in reversed(self.shipments.values()) if _is_bought(each) or not only_bought]
        found = [each for each in found if asked["start_datetime"] <= each["created_at"] <= asked["end_datetime"]]
        ids = [each["id"] for each in found]
        begin = ids.index(asked["before_id"]) + 1 if "before_id" in asked else 0
        page = found[begin : begin + min(int(asked["page_size"]), self.most_per_page)]
        return {"shipments": page, "has_more": begin + len(page) < len(found)}

    def buy(self, shipment: dict[str, Any], body: Any) -> dict[str, Any]:
        rate_id = body.get("rate", {}).get("id")
        rate = self._offered.get(rate_id)
        self._expect(rate is not None and rate["shipment_id"] == shipment["id"], f"an unknown rate {rate_id}")
        if shipment in self._unfinished:
            raise Refusal("SHIPMENT.PURCHASE.IN_PROGRESS", "The shipment is being purchased")
        if _is_bought(shipment):
            raise Refusal("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
        if rate_id in self._expired:
            raise Refusal("RATE.GONE", "The rate is no longer available", status=self.forgotten_rate)
        if self.refuses_to_sell:
            raise Refusal(self.refuses_to_sell, "Unable to complete shipment purchase", "account on hold")
        shipment["selected_rate"] = rate
        if self.answers_early == "complete":
            self._complete(shipment)
        else:
            self._unfinished.append(shipment)
        if self.answers_early == "without_tracking":
            shipment["postage_label"] = _label_of(shipment)
        if self.answers_early == "without_label":
            shipment["tracking_code"] = _tracking_code(shipment)
        return shipment

    def refund(self, shipment: dict[str, Any]) -> dict[str, Any]:
        self._expect(_is_bought(shipment), "a refund of what was never bought")
        if self.refuses_refunds or (shipment in self._unfinished and not self.refunds_early):
            raise Refusal("SHIPMENT.REFUND.UNAVAILABLE", "Refund request denied")
        shipment["refund_status"] = self.refund_status
        return shipment

    def _complete(self, shipment: dict[str, Any]) -> None:
        shipment |= {
            "postage_label": _label_of(shipment),
            "tracking_code": _tracking_code(shipment),
            "refund_status": None,
        }

    def _check_creation(self, body: Any) -> None:
        given = body.get("shipment", {})
        self._expect(
            set(body) == {"shipment"} and set(given) - {"customs_info"} == _SHIPMENT, f"a shipment of {sorted(given)}"
        )
        for address in (given["to_address"], given["from_address"]):
            self._expect({"street1", "city", "country"} <= set(address) <= _ADDRESS, f"an address of {sorted(address)}")
            self._expect(all(isinstance(part, str) for part in address.values()), "an address that is not of texts")
        self._expect(set(given["parcel"]) == {"weight"} and given["parcel"]["weight"] > 0, "a parcel without a weight")
        if "customs_info" in given:
            self._check_customs(given["customs_info"]["customs_items"], given["parcel"]["weight"])

    def _check_customs(self, items: list[dict[str, Any]], most: float) -> None:
        self._expect(all(set(each) == _ITEM and all(each.values()) for each in items), f"incomplete goods: {items}")
        self._expect(
            all(float(each["value"]) > 0 and each["weight"] > 0 for each in items), f"worthless goods: {items}"
        )
        self._expect(sum(each["weight"] for each in items) <= most, "goods that weigh more than their parcel")
        self._expect(len({each["currency"] for each in items}) == 1, f"goods in several currencies: {items}")

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def _rate(
    shipment: dict[str, Any], number: int, carrier: str, service: str, price: str, currency: str
) -> dict[str, Any]:
    return {
        "id": f"rate_{shipment['id']}_{number}_{carrier}_{service}",
        "object": "Rate",
        "service": service,
        "carrier": carrier,
        "rate": price,
        "currency": currency,
        "shipment_id": shipment["id"],
    }


def _is_bought(shipment: dict[str, Any]) -> bool:
    return shipment["postage_label"] is not None or shipment["tracking_code"] is not None


def _label_of(shipment: dict[str, Any]) -> dict[str, Any]:
    return {"id": shipment["id"].replace("shp", "pl"), "object": "PostageLabel"}


def _tracking_code(shipment: dict[str, Any]) -> str:
    return f"9400100000000{int(shipment['id'][4:], 16):09d}"
