"""Field types of orders and events, with their bounds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from orders.ids import (
    MAX_ID_LENGTH,
    MAX_METADATA_KEY,
    MAX_PAYMENT_METHOD,
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


class Strictly:
    """A second schema of a field, for pydantic's strict mode, in which stored events are validated first: it runs without
    Python, accepts only what the field's own rule accepts, and gives the same value. What it refuses is validated by the rule.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        rule, strictly = handler(source), handler.generate_schema(self._kind)
        # Otherwise serialised as what the second schema begins with: its text.
        serialised = core_schema.simple_ser_schema("datetime") if source is datetime else None
        # strict=False: a strict model of an API takes the rule, whose messages people read.
        return core_schema.lax_or_strict_schema(rule, strictly, strict=False, serialization=serialised)


def _text_of(pattern: str, longest: int | None = None) -> Any:
    return Annotated[str, StringConstraints(strict=True, pattern=pattern, max_length=longest)]


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


# Refuses NUL, which PostgreSQL cannot store, and blank text.
_STORABLE: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
# Texts that begin with a visible character, by far the most: of ASCII, or a letter of frequent scripts.
_PLAIN: Final = r"^[!-~À-ɏА-яぁ-ゖァ-ヺ一-龥][^\x00]*$"
# Fewer digits than any card number.
_PLAIN_TOKEN: Final = r"^[!-/:-~](?:[!-/:-~]*[0-9]){0,11}[!-/:-~]*$"
_PLAIN_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$"

Identifier = Annotated[
    str, Field(strict=True), _without(order_id_problem), Strictly(_text_of(rf"^[!-.0-~]{{1,{MAX_ID_LENGTH}}}$"))
]
Sku = Annotated[str, Field(strict=True), _without(sku_problem), Strictly(_text_of(rf"^[!-~]{{1,{MAX_ID_LENGTH}}}$"))]
Text = Annotated[str, StringConstraints(strict=True, max_length=MAX_TEXT, pattern=_STORABLE)]
NoteText = Annotated[str, StringConstraints(strict=True, max_length=MAX_NOTE, pattern=_STORABLE)]
Tag = Annotated[str, Field(strict=True), _without(tag_problem), AfterValidator(folded_tag)]
MetadataKey = Annotated[str, Field(strict=True, max_length=MAX_METADATA_KEY), _without(metadata_key_problem)]
MetadataValue = Annotated[str, Field(strict=True, max_length=MAX_METADATA_VALUE), _without(control_problem)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=MAX_METADATA)]
# A person's reason for an act. Events have Text: stored reasons stay readable.
Reason = Annotated[Text, _without(blank_problem)]
Note = Annotated[NoteText, _without(blank_problem)]
OptionalText = Annotated[
    Text | None,
    BeforeValidator(_blank_as_none),
    Strictly(_text_of(_PLAIN, MAX_TEXT) | None),
]
PaymentToken = Annotated[str, Field(strict=True), _without(payment_method_problem)]
PaymentMethod = Annotated[
    PaymentToken | None,
    BeforeValidator(_token_or_none),
    Strictly(_text_of(_PLAIN_TOKEN, MAX_PAYMENT_METHOD) | None),
]
Amount = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
CurrencyCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$")]
UtcTime = Annotated[
    datetime,
    BeforeValidator(utc_time),
    Strictly(Annotated[_text_of(_PLAIN_TIME), AfterValidator(datetime.fromisoformat)]),
]
