"""Field types of orders and events, with their bounds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from orders.ids import (
    MAX_METADATA_KEY,
    blank_problem,
    control_problem,
    folded_tag,
    is_visible,
    metadata_key_problem,
    order_id_problem,
    payment_method_problem,
    sku_problem,
    tag_problem,
)

MAX_AMOUNT: Final = 2**63 - 1
MAX_QUANTITY: Final = 1_000_000
MAX_TEXT: Final = 512
MAX_LINES: Final = 2_000
MAX_NOTE: Final = 2_000
MAX_METADATA: Final = 20
MAX_METADATA_VALUE: Final = 500
_KNOWN_TEXTS: Final = 1_024

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", flags=re.ASCII)


class Wire(BaseModel):
    """A frozen model: camelCase in JSON, snake_case in Python; unknown fields are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def _without(problem_of: Callable[[str], str | None]) -> AfterValidator:
    # The events of an order repeat its ids and SKUs. Only texts without a problem are kept, and these are short.
    @lru_cache(_KNOWN_TEXTS)
    def check(text: str) -> str:
        problem = problem_of(text)
        if problem:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def _blank_as_none(value: object) -> object:
    blank = isinstance(value, str) and not is_visible(value) and not _UNSTORABLE.search(value)
    return None if blank else value


def _token_or_none(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("must be text")  # without the value: it may be a card number
    return _blank_as_none(value)


def utc_time(value: object) -> datetime:
    """The time in UTC. Raises ValueError for any other value than a time with an offset."""
    moment = _parsed(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise ValueError("must be a time such as 2026-01-31T09:30:00Z")
    if moment.utcoffset() is None:
        raise ValueError("must have an offset from UTC, as in 2026-01-31T09:30:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999 in UTC") from None


def _parsed(text: str) -> datetime | None:
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date and a time that exist") from None


Identifier = Annotated[str, Field(strict=True), _without(order_id_problem)]
Sku = Annotated[str, Field(strict=True), _without(sku_problem)]
# Refuses NUL, which PostgreSQL cannot store, and blank text.
_STORABLE: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
Text = Annotated[str, StringConstraints(strict=True, max_length=MAX_TEXT, pattern=_STORABLE)]
NoteText = Annotated[str, StringConstraints(strict=True, max_length=MAX_NOTE, pattern=_STORABLE)]
Tag = Annotated[str, Field(strict=True), _without(tag_problem), AfterValidator(folded_tag)]
MetadataKey = Annotated[str, Field(strict=True, max_length=MAX_METADATA_KEY), _without(metadata_key_problem)]
MetadataValue = Annotated[str, Field(strict=True, max_length=MAX_METADATA_VALUE), _without(control_problem)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=MAX_METADATA)]
# A person's reason for an act. Events have Text: stored reasons stay readable.
Reason = Annotated[Text, _without(blank_problem)]
Note = Annotated[NoteText, _without(blank_problem)]
OptionalText = Annotated[Text | None, BeforeValidator(_blank_as_none)]
PaymentToken = Annotated[str, Field(strict=True), _without(payment_method_problem)]
PaymentMethod = Annotated[PaymentToken | None, BeforeValidator(_token_or_none)]
Amount = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
CurrencyCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$")]
UtcTime = Annotated[datetime, BeforeValidator(utc_time)]
