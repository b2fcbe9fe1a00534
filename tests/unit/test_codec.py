"""Typed events: the newest version is written, every earlier version is read, and no field is skipped."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from eventstore.codec import Codec
from eventstore.errors import UndecodableEvent, UnknownEventType, UnknownSchemaVersion
from eventstore.model import NewEvent, RecordedEvent


class Moved(BaseModel):
    """Version 1 had one `address`, version 2 a `street`, version 3 has a number beside it."""

    model_config = ConfigDict(populate_by_name=True, frozen=True)
    event_type: ClassVar[str] = "person.moved"
    schema_version: ClassVar[int] = 3

    street: str
    house_number: int = Field(alias="houseNumber")


class Renamed(BaseModel):
    event_type: ClassVar[str] = "person.renamed"
    schema_version: ClassVar[int] = 1

    name: str = Field(max_length=20)

    @field_validator("name")
    @classmethod
    def _is_capitalised(cls, name: str) -> str:
        if not name.istitle():
            raise ValueError(f"{name} is no name")
        return name


UPCASTERS = {
    ("person.moved", 1): lambda data: {"street": data["address"]},
    ("person.moved", 2): lambda data: {**data, "houseNumber": 0},
}
codec: Codec[Moved | Renamed] = Codec([Moved, Renamed], UPCASTERS)


def recorded(data: dict[str, Any], version: int = 1, event_type: str = "person.moved") -> RecordedEvent:
    return RecordedEvent(17, "person-1", 1, uuid4(), event_type, version, data, {}, datetime.now(UTC))


def test_given_a_typed_event_when_encoded_then_it_has_the_wire_names_and_the_newest_version() -> None:
    id_ = UUID(int=5)
    encoded = codec.encode(Moved(street="Main", house_number=4), id=id_, metadata={"actor": "anna"})
    assert encoded == NewEvent(id_, "person.moved", {"street": "Main", "houseNumber": 4}, {"actor": "anna"}, 3)


def test_given_an_encoded_event_when_decoded_then_it_is_the_same_event() -> None:
    event = Moved(street="Main", house_number=4)
    encoded = codec.encode(event, id=uuid4(), metadata={})
    assert codec.decode(recorded(dict(encoded.data), encoded.schema_version)) == event


@pytest.mark.parametrize(
    ("version", "data", "number"),
    [
        (1, {"address": "Main"}, 0),
        (2, {"street": "Main"}, 0),
        (3, {"street": "Main", "houseNumber": 4}, 4),
    ],
)
def test_given_an_event_of_any_version_when_decoded_then_every_upcaster_from_there_on_lifts_it(
    version: int, data: dict[str, Any], number: int
) -> None:
    before = dict(data)
    assert codec.decode(recorded(data, version)) == Moved(street="Main", house_number=number)
    assert data == before


def test_given_an_unknown_type_when_decoded_then_the_error_names_it() -> None:
    with pytest.raises(UnknownEventType, match=r"'person\.vanished'") as error:
        codec.decode(recorded({}, event_type="person.vanished"))
    assert error.value.event_type == "person.vanished"


def test_given_a_version_newer_than_the_program_when_decoded_then_the_error_names_both() -> None:
    with pytest.raises(UnknownSchemaVersion, match="version 4, this program knows 1 to 3") as error:
        codec.decode(recorded({"street": "Main", "houseNumber": 4}, 4))
    assert (error.value.event_type, error.value.version, error.value.newest) == ("person.moved", 4, 3)


def test_given_an_old_version_without_an_upcaster_when_decoded_then_the_error_names_the_missing_step() -> None:
    gap: Codec[Moved | Renamed] = Codec([Moved], {("person.moved", 1): UPCASTERS["person.moved", 1]})
    with pytest.raises(UnknownSchemaVersion, match="version 2 and no upcaster lifts it to 3") as error:
        gap.decode(recorded({"address": "Main"}, 1))
    assert error.value.version == 2


@pytest.mark.parametrize(
    "data",
    [{"name": "Rumpelstilzchen of the Forest"}, {"name": ["secret"]}, {"secret": 1}, {"name": "secret"}],
    ids=["too-long", "not-text", "missing", "refused-by-a-validator"],
)
def test_given_data_that_does_not_fit_its_model_when_decoded_then_the_error_names_the_field_and_no_value(
    data: dict[str, Any],
) -> None:
    with pytest.raises(UndecodableEvent) as error:
        codec.decode(recorded(data, event_type="person.renamed"))
    assert (error.value.event_type, error.value.position) == ("person.renamed", 17)
    assert "name: " in error.value.reason
    assert "Rumpel" not in str(error.value)
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_given_an_upcaster_that_stumbles_over_its_data_when_decoded_then_the_error_names_the_event_and_no_value() -> (
    None
):
    with pytest.raises(UndecodableEvent) as error:
        codec.decode(recorded({"adress": "Rumpelstilzchen 1"}, 1))
    assert error.value.position == 17
    assert "Rumpel" not in str(error.value)


def test_given_one_type_registered_twice_then_the_codec_refuses_to_be_made() -> None:
    with pytest.raises(ValueError, match=r"person\.moved"):
        Codec([Moved, Moved])


def as_text(text: str, event_type: str = "person.moved", version: int = 3) -> RecordedEvent:
    return RecordedEvent(17, "person-1", 1, uuid4(), event_type, version, text, "{}", datetime.now(UTC))


def test_given_text_that_the_strict_mode_refuses_when_decoded_then_the_model_decides() -> None:
    assert codec.decode(as_text('{"street": "Main", "houseNumber": "4"}')) == Moved(street="Main", house_number=4)
    assert codec.decode(as_text('{"address": "Main"}', version=1)) == Moved(street="Main", house_number=0)


@pytest.mark.parametrize("before", range(0, 400, 33))
def test_given_a_number_that_no_double_holds_in_a_field_of_a_later_version_when_decoded_then_the_event_is_undecodable(
    before: int,
) -> None:
    """As for every reader of its data: a webhook could not send it."""
    text = f'{{"street": "{"x" * before}", "houseNumber": 4, "later": {10**309}}}'
    with pytest.raises(UndecodableEvent, match="number"):
        codec.decode(as_text(text))
