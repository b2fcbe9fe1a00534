"""Customs data of a shipment, with EasyPost's names: https://docs.easypost.com/docs/customs-infos"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from gateways.shipping import Goods, LabelRequest
from orders.reference import currency_exponent

GRAMS_PER_OUNCE: Final = 28.349523125
# Members of the European Union's customs union: nothing is declared between them.
_UNION: Final = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT"}
) | frozenset({"LT", "LU", "LV", "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"})
_LONGEST_DESCRIPTION: Final = 255
# Below this value a parcel from the United States needs no declaration of export, and this is its exemption.
_US_EXEMPTION: Final = "NOEEI 30.37(a)"
_US_EXEMPT_BELOW: Final = 2500


def needs_customs(sender: str, recipient: str) -> bool:
    """True if goods from the sender's country to the recipient's are declared to the customs."""
    return sender != recipient and not {sender, recipient} <= _UNION


def customs_info(request: LabelRequest, sender: Mapping[str, str]) -> dict[str, Any]:
    """Return the declaration of complete goods, signed by the sender."""
    items = [_item(each) for each in request.goods]
    info: dict[str, Any] = {
        "contents_type": "merchandise",
        "restriction_type": "none",
        "non_delivery_option": "return",
        "customs_items": items,
    }
    if signer := sender.get("name") or sender.get("company"):
        info |= {"customs_certify": True, "customs_signer": signer}
    if sender["country"] == "US" and all(_is_exempt(item) for item in items):
        info["eel_pfc"] = _US_EXEMPTION
    return info


def ounces(goods: tuple[Goods, ...]) -> float:
    """Return the weight of complete goods, in tenths of an ounce as EasyPost keeps it."""
    return math.ceil(sum(each.grams or 0 for each in goods) / GRAMS_PER_OUNCE * 10) / 10


def _item(goods: Goods) -> dict[str, Any]:
    assert goods.grams is not None
    exponent = currency_exponent(goods.currency) or 0
    return {
        "description": goods.description[:_LONGEST_DESCRIPTION],
        "quantity": goods.units,
        "value": str(Decimal(goods.value).scaleb(-exponent)),
        "currency": goods.currency,
        # Rounded down: a declaration must not weigh more than its parcel.
        "weight": int(goods.grams / GRAMS_PER_OUNCE * 100) / 100 or 0.01,
        "hs_tariff_number": goods.hs_code,
        "origin_country": goods.origin,
        "code": goods.sku,
    }


def _is_exempt(item: Mapping[str, Any]) -> bool:
    return item["currency"] != "USD" or Decimal(item["value"]) < _US_EXEMPT_BELOW
