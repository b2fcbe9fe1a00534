"""Which events the database may fold: a condition on their JSON that holds for none that our types would refuse.

Made from the types themselves. It may turn away an event that they would take, such as one with an id beyond ASCII;
what it lets through means in SQL exactly what it means in Python.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from orders.events import Event
from orders.fields import (
    MAX_TEXT,
    CountryCode,
    CurrencyCode,
    Identifier,
    OptionalText,
    PaymentMethod,
    Sku,
    Text,
    UtcTime,
)
from orders.ids import MAX_ID_LENGTH, MAX_PAYMENT_METHOD
from orders.model import MAX_LINES

KNOWN_VERSION: Final = 1
NEVER: Final = "false"
# Unicode's White_Space, which is what `\s` means in pydantic's patterns.
_SPACES: Final = [
    *range(9, 14),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
]
_SOMETHING: Final = "[^" + "".join(rf"\u{code:04x}" for code in _SPACES) + "]"
# As our own encoder writes times: to the second or the microsecond, in UTC. `[.]`, as a backslash would need four.
_DAY, _CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{6})?"
# The kinds of text: their pattern, and the length that the pattern does not bound.
_TEXTS: Final[list[tuple[Any, str, int | None]]] = [
    (Identifier, "^[!-.0-~]+$", MAX_ID_LENGTH),
    (Sku, "^[!-~]+$", MAX_ID_LENGTH),
    (Text, _SOMETHING, MAX_TEXT),
    (OptionalText, _SOMETHING, MAX_TEXT),
    (PaymentMethod, "^[A-Za-z_]+([0-9][A-Za-z_]*){0,11}$", MAX_PAYMENT_METHOD),  # too few digits for a card's number
    (CurrencyCode, "^[A-Z]{3}$", None),
    (CountryCode, "^[A-Z]{2}$", None),
    (UtcTime, f"^{_DAY}T{_CLOCK}Z$", None),
]


class Unknown(Exception):
    """A kind of field that has no condition here: events with it are left to Python."""


@dataclass(slots=True)
class _Condition:
    """What has to hold of an object. paths: a JSON path's predicates; the rest, once those hold, in SQL.

    numbers: their sum has the scale of the least whole of them. texts: each with its greatest length.
    """

    paths: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    texts: list[tuple[str, int]] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def take(self, other: "_Condition") -> None:
        """What the other leaves to SQL, too."""
        self.numbers += other.numbers
        self.texts += other.texts
        self.lists += other.lists

    def sql(self, json: str) -> str:
        """All of it, for an object. The path comes first: what the rest would stumble over has not come through."""
        lengths: dict[int, list[str]] = {}
        for text, most in self.texts:
            lengths.setdefault(most, []).append(f"length({text})")
        rest = [f"greatest({', '.join(each)}, 0) <= {most}" for most, each in lengths.items()]
        rest += [f"scale({' + '.join(self.numbers)}) = 0"] if self.numbers else []
        path = " && ".join(self.paths)
        return f"case when {json} @@ 'strict {path}' then {' and '.join([*rest, *self.lists])} end"


def plain(models: Iterable[type[Event]], event: str) -> str:
    """The condition on a row of the log by the alias `event`; a model of a newer version never meets it."""
    cases = " ".join(f"when '{model.event_type}' then {_event(model, event)}" for model in models)
    return f"coalesce(case {event}.type {cases} end, false)"


def _event(model: type[Event], event: str) -> str:
    condition, data = _Condition(), f"{event}.data"
    try:
        if model.schema_version != KNOWN_VERSION:
            raise Unknown
        _object(condition, model, "$", data)
    except Unknown:
        return NEVER
    return f"{event}.schema_version = {KNOWN_VERSION} and {condition.sql(data)}"


def _object(condition: _Condition, model: type[BaseModel], path: str, json: str) -> None:
    decorators = model.__pydantic_decorators__
    if decorators.field_validators or decorators.model_validators or decorators.root_validators:
        raise Unknown
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name in model.model_fields:
            _field(condition, name, model.model_fields[name], hint, path, json)


def _field(condition: _Condition, name: str, facts: FieldInfo, hint: Any, path: str, json: str) -> None:
    alias = facts.alias or name
    own = _Condition()
    _value(own, hint, f"{path}.{alias}", f"{json}->'{alias}'", f"{json}->>'{alias}'")
    given = " && ".join(own.paths)
    if not facts.is_required():
        absent = f"(exists({path}.{alias})) is unknown"
        if alias != name:  # a model takes its own names, too
            absent = f"({absent} && (exists({path}.{name})) is unknown)"
        given = f"({absent} || ({given}))"
        own.numbers = [f"coalesce({number}, 0)" for number in own.numbers]
        own.lists = [f"coalesce({each}, true)" for each in own.lists]
    condition.paths.append(given)
    condition.take(own)


def _value(condition: _Condition, hint: Any, path: str, json: str, text: str) -> None:
    for kind, pattern, most in _TEXTS:
        if hint == kind:
            matches = f'{path} like_regex "{pattern}"'
            condition.paths.append(
                f"({path} == null || {matches})" if kind in (OptionalText, PaymentMethod) else matches
            )
            condition.texts += [(text, most)] if most else []
            return
    origin = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if origin is int:
        condition.paths += [f"{path} {sign} {bound}" for sign, bound in _bounds(hint)]
        condition.numbers.append(f"({json})::numeric")
    elif origin is bool:
        condition.paths.append(f'{path}.type() == "boolean"')
    elif get_origin(origin) is tuple:
        _list(condition, get_args(origin)[0], path, json, least=0 if origin is hint else 1)
    elif isinstance(origin, type) and issubclass(origin, StrEnum):
        named = (f'{path} == "{one.value}"' for one in origin)
        condition.paths.append(f"({' || '.join(named)})")
    elif isinstance(origin, type) and issubclass(origin, BaseModel):
        inner = _Condition()
        _object(inner, origin, "@", f"({json})")
        # One look-up of the object for all of its fields.
        condition.paths.append(f'exists({path} ? (@.type() == "object" && {" && ".join(inner.paths)}))')
        condition.take(inner)
    else:
        raise Unknown


def _bounds(hint: Any) -> list[tuple[str, int]]:
    facts = [each for each in get_args(hint)[1:] if isinstance(each, FieldInfo)]
    signs = {"ge": ">=", "le": "<="}
    return [
        (sign, getattr(each, name))
        for fact in facts
        for each in fact.metadata
        for name, sign in signs.items()
        if hasattr(each, name)
    ]


def _list(condition: _Condition, entry: Any, path: str, json: str, *, least: int) -> None:
    each = _Condition()
    _object(each, entry, "$", "entry.value")
    condition.paths += [f'{path}.type() == "array"', f"{path}.size() >= {least}", f"{path}.size() <= {MAX_LINES}"]
    good = (
        f"select bool_and(coalesce({each.sql('entry.value')}, false)) from jsonb_array_elements({json}) entry (value)"
    )
    condition.lists.append(f"coalesce(({good}), true)")
