"""Notes and tags of an order, as given when then: in every state, idempotent, bounded, and without effect on the rest."""

from dataclasses import replace

import pytest

from orders.errors import InvalidCommand, OrderNotFound, TooManyAnnotations, TooManyTags
from orders.events import Event
from orders.evolve import fold
from orders.fields import MAX_NOTE
from orders.interventions import MAX_ANNOTATIONS, MAX_TAGS, NoteOrder, TagOrder, UntagOrder
from orders.state import ExistingOrder
from tests.unit.orders.samples import (
    CONFIRM,
    CONFIRMED,
    HELD,
    NOTE,
    NOTED,
    PAID,
    PAY,
    PLACED,
    SHIP,
    SHIPPED,
    TAG,
    UNTAG,
    cancelled,
    tagged,
    untagged,
)
from tests.unit.orders.specification import given

STATES: dict[str, tuple[Event, ...]] = {
    "placed": (PLACED,),
    "on hold": (PLACED, HELD),
    "confirmed": (PLACED, CONFIRMED),
    "paid": (PLACED, CONFIRMED, PAID),
    "shipped": (PLACED, CONFIRMED, PAID, SHIPPED),
    "cancelled": (PLACED, cancelled()),
}


def tags_after(*events: Event) -> tuple[str, ...]:
    state = fold(events)
    assert isinstance(state, ExistingOrder)
    return state.tags


@pytest.mark.parametrize("state", STATES)
def test_an_order_in_any_state_takes_notes_and_tags(state: str) -> None:
    before = STATES[state]
    given(*before).when(NOTE).then(NOTED)
    given(*before).when(TAG).then(tagged())
    given(*before, tagged()).when(UNTAG).then(untagged())
    annotated, plain = fold((*before, NOTED, tagged(), untagged())), fold(before)
    assert isinstance(annotated, ExistingOrder)
    assert isinstance(plain, ExistingOrder)
    assert (annotated.annotations, plain.annotations) == (2, 0)
    assert replace(annotated, annotations=0) == plain, "nothing else about the order changes"


def test_the_same_note_again_is_another_note() -> None:
    given(PLACED, NOTED).when(NOTE).then(NOTED)


def test_a_tag_is_added_once_and_removed_once() -> None:
    given(PLACED, tagged()).when(TAG).then_nothing()
    given(PLACED).when(UNTAG).then_nothing()
    given(PLACED, tagged("b")).when(TagOrder("o-1", ("a", "b", "a", "c"))).then(tagged("a"), tagged("c"))
    given(PLACED, tagged("b")).when(UntagOrder("o-1", ("a", "b", "b"))).then(untagged("b"))


def test_tags_stay_through_every_step_in_the_order_of_their_addition() -> None:
    start = (PLACED, tagged("b"), tagged("a"))
    assert tags_after(*start, CONFIRMED, PAID, SHIPPED) == ("b", "a")
    assert tags_after(*start, CONFIRMED, PAID, cancelled(1300)) == ("b", "a")
    assert tags_after(*start, untagged("b"), tagged("b")) == ("a", "b")


def test_a_step_is_decided_on_an_annotated_order_as_on_any_other() -> None:
    given(PLACED, NOTED, tagged()).when(CONFIRM).then(CONFIRMED)
    given(PLACED, NOTED, CONFIRMED, tagged()).when(PAY).then(PAID)
    given(PLACED, CONFIRMED, PAID, NOTED, untagged("b")).when(SHIP).then(SHIPPED)


def test_an_order_has_a_limited_number_of_tags() -> None:
    full: tuple[Event, ...] = (PLACED, *(tagged(f"t-{number}") for number in range(MAX_TAGS)))
    given(*full).when(TagOrder("o-1", ("t-0",))).then_nothing()
    assert given(*full).when(TAG).refuses(TooManyTags).most == MAX_TAGS
    given(*full, untagged("t-0")).when(TAG).then(tagged())


@pytest.mark.parametrize("state", STATES)
def test_an_order_in_any_state_takes_notes_and_tags_up_to_a_limit_and_then_loses_tags_only(state: str) -> None:
    before: tuple[Event, ...] = (*STATES[state][:1], *[NOTED] * (MAX_ANNOTATIONS - 2), tagged("b"), *STATES[state][1:])
    given(*before).when(NOTE).then(NOTED)
    assert given(*before).when(TagOrder("o-1", ("c", "d"))).refuses(TooManyAnnotations).most == MAX_ANNOTATIONS
    full = (*before, NOTED)
    given(*full).when(NOTE).refuses(TooManyAnnotations)
    given(*full).when(TAG).refuses(TooManyAnnotations)
    given(*full).when(TagOrder("o-1", ("b",))).then_nothing()
    given(*full).when(UntagOrder("o-1", ("b",))).then(untagged("b"))
    given(*full, untagged("b")).when(TAG).refuses(TooManyAnnotations)


def test_a_stream_with_more_notes_than_the_limit_still_folds_and_goes_on() -> None:
    many: tuple[Event, ...] = (PLACED, *[NOTED] * (MAX_ANNOTATIONS + 5), tagged("b"))
    given(*many).when(CONFIRM).then(CONFIRMED)
    given(*many).when(NOTE).refuses(TooManyAnnotations)
    given(*many).when(UntagOrder("o-1", ("b",))).then(untagged("b"))


@pytest.mark.parametrize("tag", ["", "-a", ".", "..", "a b", "a/b", "ä", "Ä", "\u212a", "a\n", "a" * 41])
def test_a_tag_that_is_no_word_of_ascii_is_refused(tag: str) -> None:
    [fault] = given(PLACED).when(TagOrder("o-1", (tag,))).refuses(InvalidCommand).faults
    assert (fault.path, "letters from a to z" in fault.problem) == ("tag", True)


@pytest.mark.parametrize("tag", ["a", "0", "a.b", "a_b-c.9", "a" * 40])
def test_a_lower_case_word_is_a_tag(tag: str) -> None:
    given(PLACED).when(TagOrder("o-1", (tag,))).then(tagged(tag))


def test_capitals_of_a_tag_are_folded_so_that_no_two_tags_differ_by_them_alone() -> None:
    given(PLACED).when(TagOrder("o-1", ("VIP", "Vip", "vip"))).then(tagged("vip"))
    given(PLACED, tagged("vip")).when(TagOrder("o-1", ("VIP",))).then_nothing()
    given(PLACED, tagged("vip")).when(UntagOrder("o-1", ("VIP",))).then(untagged("vip"))


@pytest.mark.parametrize("text", ["", " \n", "\u3164", "a\x00b", "\ud800", "x" * (MAX_NOTE + 1)])
def test_a_note_that_cannot_be_shown_or_stored_is_refused(text: str) -> None:
    [fault] = given(PLACED).when(NoteOrder("o-1", text)).refuses(InvalidCommand).faults
    assert fault.path == "text"


def test_a_note_may_have_several_lines_up_to_its_limit() -> None:
    text = "a line\nanother ☕ ".ljust(MAX_NOTE, "x")
    given(PLACED).when(replace(NOTE, text=text)).then(NOTED.model_copy(update={"text": text}))


@pytest.mark.parametrize("command", [NOTE, TAG, UNTAG], ids=lambda command: type(command).__name__)
def test_an_order_that_was_never_placed_takes_none(command: NoteOrder | TagOrder | UntagOrder) -> None:
    given().when(command).refuses(OrderNotFound)
