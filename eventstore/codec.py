"""Typed events at the edge: (type, schema version) to pydantic models, old versions lifted on read."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from eventstore.errors import UndecodableEvent, UnknownEventType, UnknownSchemaVersion
from eventstore.model import NewEvent, RecordedEvent


class EventModel(Protocol):
    """Interface of an event class: two methods of pydantic, and its type and version on the wire."""

    event_type: ClassVar[str]
    schema_version: ClassVar[int]

    @classmethod
    def model_validate(cls, obj: Any) -> Any: ...

    def model_dump(self, *, mode: str = ..., by_alias: bool | None = ...) -> dict[str, Any]: ...


E_ = TypeVar("E_", bound=EventModel)
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Codec(Generic[E_]):
    """Encodes the newest version of each type, decodes every version there ever was.

    upcasters: (type, version) to a pure function from that version's data to the next one's.
    """

    def __init__(self, models: Iterable[type[E_]], upcasters: dict[tuple[str, int], Upcaster] | None = None) -> None:
        self._models: dict[str, type[E_]] = {}
        for model in models:
            if model.event_type in self._models:
                raise ValueError(f"event type {model.event_type!r} is registered twice")
            self._models[model.event_type] = model
        # Without the wrapper `model_validate`, which costs as much as a small event.
        validators = {name: TypeAdapter(model).validator for name, model in self._models.items()}
        self._validate = {name: each.validate_python for name, each in validators.items()}
        self._validate_text = {
            (name, self._models[name].schema_version): each.validate_json for name, each in validators.items()
        }
        self._upcasters = upcasters or {}

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self._models)

    def encode(self, event: E_, *, id: UUID, metadata: dict[str, Any]) -> NewEvent:
        """The event as the store takes it, under the newest schema version."""
        data = event.model_dump(mode="json", by_alias=True)
        return NewEvent(id, event.event_type, data, metadata, event.schema_version)

    def decode(self, recorded: RecordedEvent) -> E_:
        """The typed event. Raises UnknownEventType, UnknownSchemaVersion, UndecodableEvent; never skips.

        Most events pass pydantic's strict mode at once, from the text of their JSON; the others are validated as Python values.
        """
        validate_text = self._validate_text.get((recorded.type, recorded.schema_version))
        text = recorded.data_text
        if validate_text is not None and text is not None:
            try:
                strictly: E_ = validate_text(text, strict=True)
                return strictly
            except ValidationError:
                pass
        return self._decode_values(recorded)

    def _decode_values(self, recorded: RecordedEvent) -> E_:
        validate = self._validate.get(recorded.type)
        if validate is None:
            raise UnknownEventType(recorded.type)
        newest = self._models[recorded.type].schema_version
        data = recorded.parse_data() if recorded.schema_version == newest else self._lift(recorded, newest)
        try:
            decoded: E_ = validate(data)
        except ValidationError as error:
            raise UndecodableEvent(recorded.type, recorded.position, _without_values(error)) from None
        return decoded

    def _lift(self, recorded: RecordedEvent, newest: int) -> dict[str, Any]:
        data = recorded.data
        if recorded.schema_version > newest:
            raise UnknownSchemaVersion(recorded.type, recorded.schema_version, newest)
        for version in range(recorded.schema_version, newest):
            upcaster = self._upcasters.get((recorded.type, version))
            if upcaster is None:
                raise UnknownSchemaVersion(recorded.type, version, newest)
            try:
                data = upcaster(data)
            except Exception as error:  # the message may quote a value
                reason = f"upcaster from schema version {version}: {type(error).__name__}"
                raise UndecodableEvent(recorded.type, recorded.position, reason) from None
        return data


def _without_values(error: ValidationError) -> str:
    """Paths and problems only: the values may be personal data."""
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {_problem(e['type'], e['msg'])}" for e in problems)


def _problem(kind: str, message: str) -> str:
    """Pydantic's own messages name no input; those of a model's validators may."""
    return kind if kind in ("value_error", "assertion_error") else message
