"""EasyPost's books: shipments, their labels and refunds, by EasyPost's documented rules and delays.

https://docs.easypost.com/docs/shipments, /docs/shipments/shipping-refund, /docs/errors
"""

from dataclasses import dataclass, field
from typing import Any, Literal

HEAVIEST = 800.0  # ounces
UNDELIVERABLE = "Nowhere 1"
_ADDRESS = {"name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email"}
_SHIPMENT = {"reference", "to_address", "from_address", "parcel"}


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
    refuses_refunds: bool = False
    answers_early: Literal["complete", "without_tracking", "without_label", "accepted"] = "complete"
    """What a purchase's answer lacks until `finish`: nothing, one of the two, or both."""
    refunds_early: bool = False
    """Whether a refund is accepted before the label is made, which then does not count for the label."""
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

    def find(self, reference: str) -> dict[str, Any]:
        """A shipment by its reference, in the place of an id."""
        found = self.of(reference)
        if not found:
            raise Refusal("NOT_FOUND", "The requested resource could not be found.", status=404)
        return found[-1]

    def buy(self, shipment: dict[str, Any], body: Any) -> dict[str, Any]:
        rate_id = body.get("rate", {}).get("id")
        [rate] = [each for each in shipment["rates"] if each["id"] == rate_id] or [None]
        self._expect(rate is not None, f"an unknown rate {rate_id}")
        if shipment in self._unfinished:
            raise Refusal("SHIPMENT.PURCHASE.IN_PROGRESS", "The shipment is being purchased")
        if _is_bought(shipment):
            raise Refusal("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
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


def _is_bought(shipment: dict[str, Any]) -> bool:
    return shipment["postage_label"] is not None or shipment["tracking_code"] is not None


def _label_of(shipment: dict[str, Any]) -> dict[str, Any]:
    return {"id": shipment["id"].replace("shp", "pl"), "object": "PostageLabel"}


def _tracking_code(shipment: dict[str, Any]) -> str:
    return f"9400100000000{int(shipment['id'][4:], 16):09d}"
