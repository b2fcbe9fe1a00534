"""Countries, postal codes, currencies and the formatting of money."""

import pytest
from iso3166 import countries

from orders.money import Money, format_money, largest_first
from orders.reference import country_code, currency_exponent, has_postal_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("UK", "GB"),
        ("USA", "US"),
        ("Venezuela", "VE"),
        ("de", "DE"),
        ("DEU", "DE"),
        (" Germany ", "DE"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Cote d’Ivoire", "CI"),
        ("Finland", "FI"),
        ("Åland Islands", "AX"),
        ("United Kingdom", "GB"),
        ("United States", "US"),
        ("South Korea", "KR"),
        ("Bolivia, Plurinational State of", "BO"),
        ("Bolivia", "BO"),
        ("Congo", "CG"),
        ("The Netherlands", "NL"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
    ],
)
def test_a_code_or_a_whole_name_names_a_country(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    "text", ["", " ", "Atlantis", "ZZ", "RGB", "EU", "Nigeri", "Indiana", "Germany, Berlin", "XK", "SU", "Kosovo", "Korea",
             "Virgin Islands", "x" * 10**6],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_anything_less_certain_names_none(text: str) -> None:
    assert country_code(text) is None


def test_every_code_names_its_country_and_no_name_two() -> None:
    known = [country for country in countries if country.alpha2 != "XK"]
    assert len(known) == 249
    for country in known:
        names = (country.alpha2, country.alpha3, country.name, country.apolitical_name)
        assert {country_code(name) for name in names} == {country.alpha2}


def test_postal_codes_exist_where_the_country_has_them() -> None:
    assert has_postal_code("DE")
    assert has_postal_code("IE")
    assert not has_postal_code("HK")
    assert not has_postal_code("PA")
    assert not has_postal_code("ZZ")


@pytest.mark.parametrize(("code", "exponent"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XOF", 0)])
def test_a_currency_has_its_exponent(code: str, exponent: int) -> None:
    assert currency_exponent(code) == exponent


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XDR", "usd", "US", "", "DEM"])
def test_what_is_not_money_has_none(code: str) -> None:
    assert currency_exponent(code) is None


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "USD", "1,234.50 USD"),
        (5, "EUR", "0.05 EUR"),
        (-1234, "EUR", "-12.34 EUR"),
        (500, "JPY", "500 JPY"),
        (1234567, "KWD", "1,234.567 KWD"),
        (0, "USD", "0.00 USD"),
        (2**63 - 1, "USD", "92,233,720,368,547,758.07 USD"),
        (1000, "DEM", "1,000 minor units of DEM"),
    ],
)
def test_money_reads_as_people_write_it(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text
    assert str(Money(amount, currency)) == text


def test_money_of_one_currency_adds_and_subtracts() -> None:
    assert Money(5, "EUR") + Money(7, "EUR") == Money(12, "EUR")
    assert Money(5, "EUR") - Money(7, "EUR") == Money(-2, "EUR")


def test_money_of_two_currencies_does_not_mix() -> None:
    with pytest.raises(ValueError, match="EUR with USD"):
        Money(5, "EUR") + Money(7, "USD")


def test_amounts_in_several_currencies_are_in_the_order_of_their_major_units() -> None:
    amounts = {"EUR": 120_00, "JPY": 500, "KWD": 700_000, "USD": 120_00, "CHF": -5_00}
    assert list(largest_first(amounts)) == ["KWD", "JPY", "EUR", "USD", "CHF"]
