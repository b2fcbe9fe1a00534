"""Optional columns of the stock file with customs data."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from orders.reference import country_code, currency_exponent

_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_HS_CODE: Final = re.compile(r"[0-9.]{6,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CustomsData:
    """Customs data of one unit of a SKU; None for a part that is not known, or, on import, keeps the stored value.

    origin_country: ISO 3166-1 alpha-2. customs_value: in minor units of customs_currency.
    """

    origin_country: str | None = None
    hs_code: str | None = None
    weight_grams: int | None = None
    customs_value: int | None = None
    customs_currency: str | None = None


NO_CUSTOMS_DATA: Final = CustomsData()


def customs_problems(field: Mapping[str, str]) -> dict[str, str]:
    """Return the problem of each faulty column, as a predicate of its name."""
    problems = {
        column: problem for column, (valid, problem) in _RULES.items() if field.get(column) and not valid(field[column])
    }
    if bool(field.get("customsValue")) != bool(field.get("customsCurrency")):
        problems.setdefault("customsCurrency", "and customsValue are given together, or neither")
    return problems


def customs_data(field: Mapping[str, str]) -> CustomsData:
    """Convert the columns of a row without problems."""
    return CustomsData(
        country_code(field.get("originCountry", "")),
        field.get("hsCode") or None,
        _number(field.get("weightGrams")),
        _number(field.get("customsValue")),
        field.get("customsCurrency") or None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _is_whole(text: str) -> bool:
    return _WHOLE_NUMBER.fullmatch(text) is not None


_RULES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "originCountry": (lambda text: country_code(text) is not None, "must be a country or its ISO 3166-1 code"),
    "hsCode": (lambda text: _HS_CODE.fullmatch(text) is not None, "must be 6 to 14 digits and dots"),
    "weightGrams": (_is_whole, "must be a whole number of grams from 1"),
    "customsValue": (_is_whole, "must be a whole number of minor units from 1"),
    "customsCurrency": (lambda text: currency_exponent(text) is not None, "must be an ISO 4217 currency such as EUR"),
}
CUSTOMS_COLUMNS: Final = tuple(_RULES)
