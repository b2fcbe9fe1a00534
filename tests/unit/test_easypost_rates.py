"""Choice of EasyPost's rates, final refusals, and parcels that pass the customs."""

from decimal import Decimal

import pytest

from gateways.easypost.customs import needs_customs, ounces
from gateways.easypost.final_reasons import are_final, is_final
from gateways.easypost.rates import NoSuchRate, Rate, lowest_rate
from gateways.shipping import ANY_SERVICE, Goods, ServiceChoice
from tests.gateways.easypost_bad_hours import NOT_FINAL
from tests.gateways.easypost_books import TOO_HEAVY

EUROS = (Rate("1", "DHL", "Paket", Decimal("9.50"), "EUR"), Rate("2", "DPD", "Classic", Decimal("10"), "EUR"))
DOLLARS = (Rate("3", "USPS", "Ground", Decimal("7.58"), "USD"),)
YEN = (Rate("4", "JP", "EMS", Decimal("900"), "JPY"),)


@pytest.mark.parametrize(
    ("rates", "choice", "currency", "bought"),
    [
        (EUROS, ANY_SERVICE, "EUR", "1"),
        ((*DOLLARS, *EUROS), ANY_SERVICE, "EUR", "1"),
        ((*EUROS, *DOLLARS), ANY_SERVICE, "USD", "3"),
        (EUROS, ANY_SERVICE, "USD", "1"),
        (EUROS, ANY_SERVICE, None, "1"),
        ((*EUROS, *DOLLARS), ServiceChoice("usps"), "EUR", "3"),
        ((*EUROS, *DOLLARS), ServiceChoice("DPD", "classic"), "EUR", "2"),
        ((*EUROS, *DOLLARS), ServiceChoice(None, "Paket"), "USD", "1"),
    ],
)
def test_the_lowest_rate_of_the_choice_is_bought_within_one_currency(
    rates: tuple[Rate, ...], choice: ServiceChoice, currency: str | None, bought: str
) -> None:
    assert lowest_rate(rates, choice, currency).id == bought


@pytest.mark.parametrize(
    ("rates", "choice", "currency", "named"),
    [
        (
            EUROS,
            ServiceChoice("UPS", "Ground"),
            "EUR",
            "UPS Ground is offered, only DHL Paket 9.50 EUR, DPD Classic 10 EUR",
        ),
        ((*DOLLARS, *YEN), ANY_SERVICE, "EUR", "none in EUR: JP EMS 900 JPY, USPS Ground 7.58 USD"),
    ],
)
def test_without_a_comparable_rate_none_is_bought_and_the_rates_are_named(
    rates: tuple[Rate, ...], choice: ServiceChoice, currency: str, named: str
) -> None:
    with pytest.raises(NoSuchRate) as refusal:
        lowest_rate(rates, choice, currency)
    assert named in refusal.value.reason


@pytest.mark.parametrize(
    "messages",
    [
        (f"USPS: {TOO_HEAVY}",),
        ("FedEx: The maximum per package weight for the selected service is 150.00 pounds.",),
        (
            "UPS: Package exceeds the maximum size total constraints of 165 inches (length + girth)",
            f"USPS: {TOO_HEAVY}",
        ),
        ("DPD: Destination country is not served",),
    ],
)
def test_weight_size_and_country_are_final_where_every_carrier_names_them(messages: tuple[str, ...]) -> None:
    assert are_final(messages)


@pytest.mark.parametrize("messages", NOT_FINAL)
def test_any_other_message_is_not_final(messages: tuple[str, ...]) -> None:
    assert not are_final(messages)


@pytest.mark.parametrize(
    "code",
    [
        "SHIPMENT.POSTAGE.FAILURE",
        "SHIPMENT.RATES.UNAVAILABLE",
        "ADDRESS.VERIFY.UPSTREAM_UNAVAILABLE",
        "RATE_LIMITED",
        "",
    ],
)
def test_a_code_that_is_not_known_to_be_final_is_not(code: str) -> None:
    assert not is_final(code)
    assert is_final("ADDRESS.VERIFY.FAILURE")


def test_goods_are_declared_to_any_other_country_but_within_the_european_union() -> None:
    assert needs_customs("US", "CA")
    assert needs_customs("DE", "CH")
    assert needs_customs("GB", "FR")
    assert not needs_customs("US", "US")
    assert not needs_customs("DE", "FR")


def test_a_parcel_weighs_no_less_than_its_goods() -> None:
    goods = (Goods("A", "A", 1, 1, "EUR", grams=100), Goods("B", "B", 1, 1, "EUR", grams=1))
    assert ounces(goods) == 3.6  # 3.56
