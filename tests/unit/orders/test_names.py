"""Derived names of different facts differ, for all ids that clients may choose."""

import ast
import inspect
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import workflows.model
from activities.order import OrderActivities
from activities.signatures import READ_ORDER
from gateways.stripe.keys import idempotency_key
from orders.names import KINDS, MAX_NAME, derived_name, key_of_order, kind_of, request_name, workflow_id
from webhooks.steps import DELIVER_WEBHOOKS

DEFINITION = "__temporal_activity_definition"
ROOT = Path(__file__).parents[3]
WORKFLOWS = [
    *(getattr(workflows.model, f"{each}_ORDER") for each in ("VALIDATE", "FULFILL", "REFUND")),
    workflows.model.NOTIFY_SHIPMENT,
    DELIVER_WEBHOOKS,
]
ONCE = ("charge-payment", "create-shipment", "refund-payment")

# Ids composed of the parts of names, and arbitrary ids.
PIECES = st.sampled_from(
    ["", "a", "1", ":", "-", "/", "api", "local", "stripe", "ü", "😀" * 60, "f" * 64, *sorted(KINDS)]
)
IDS = st.one_of(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.text(max_size=300)).filter(bool)
ANY_KIND = st.sampled_from(sorted(KINDS))
FACTS = st.one_of(
    st.tuples(st.just("derived"), ANY_KIND, IDS),
    st.tuples(st.just("derived"), ANY_KIND, IDS, IDS),
    st.tuples(st.just("request"), st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True), IDS, st.just("f" * 64)),
)


def name_of(fact: tuple[str, ...]) -> str:
    return derived_name(*fact[1:]) if fact[0] == "derived" else request_name(*fact[1:])


@given(FACTS, FACTS)
@example(
    ("derived", "return-payment", "x", "y:return-payment:z"),
    ("derived", "return-payment", "x:return-payment:y", "z"),
)
@example(("derived", "record-requested-refund", "a", "confirm"), ("derived", "confirm", "a:record-requested-refund"))
@example(
    ("derived", "record-requested-refund", "api:local:k", "f" * 64),
    ("request", "local", "k:record-requested-refund", "f" * 64),
)
@example(
    ("derived", "record-requested-refund", "api", "f" * 64), ("request", "record-requested-refund", "api", "f" * 64)
)
def test_two_commands_have_one_id_only_where_they_are_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)


REFUNDS = st.one_of(
    st.tuples(st.just("return-payment"), IDS, IDS),
    st.tuples(st.just("refund-payment"), IDS),
    st.tuples(st.just("stripe"), st.from_regex(r"(py|re)r?_[A-Za-z0-9]{1,40}", fullmatch=True)),
)


def refund_key(fact: tuple[str, ...]) -> str:
    match fact:
        case ("return-payment", order_id, refund_id):
            return derived_name("return-payment", order_id, refund_id)
        case ("refund-payment", order_id):
            return key_of_order("refund-payment", order_id)
        case _:
            return ":".join(fact)


@given(REFUNDS, REFUNDS)
@example(("return-payment", "a", "refund-payment"), ("refund-payment", "a:return-payment"))
def test_two_refunds_have_one_key_only_where_they_are_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (refund_key(one) == refund_key(other)) == (one == other)


@given(st.sampled_from(ONCE), IDS, IDS)
def test_two_orders_have_no_key_in_common(step: str, one: str, other: str) -> None:
    assert (key_of_order(step, one) == key_of_order(step, other)) == (one == other)


# A repeated call gets a number as suffix.
AGAIN = st.one_of(st.just(()), st.tuples(st.integers(2, 20)))
CALLS = st.tuples(
    st.one_of(
        st.tuples(
            IDS.map(lambda id_: key_of_order("charge-payment", id_)),
            st.integers(1, 20),
            st.sampled_from(["create", "confirm"]),
        ),
        st.tuples(IDS, st.just("capture-payment"), st.integers(1, 20)),
        st.tuples(REFUNDS.map(refund_key).filter(lambda key: not key.startswith("stripe:")), st.integers(1, 20)),
    ),
    AGAIN,
).map(lambda parts: (*parts[0], *parts[1]))


@given(CALLS, CALLS)
@example(("a:return-payment", "capture-payment", 1), (derived_name("return-payment", "a", "capture-payment"), 1))
@example(("a:return-payment:r", "capture-payment", 1, 2), (derived_name("return-payment", "a", "r"), 1, 2))
def test_two_calls_at_stripe_have_one_idempotency_key_only_where_they_are_the_same(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert (idempotency_key(*one) == idempotency_key(*other)) == (one == other)
    assert idempotency_key(*one).isascii()
    assert len(idempotency_key(*one)) <= MAX_NAME


WORKS = st.one_of(
    st.tuples(st.sampled_from([each for each in WORKFLOWS if each != DELIVER_WEBHOOKS]), IDS),
    st.tuples(st.just(workflows.model.REFUND_ORDER), IDS, IDS),
)


@given(WORKS, WORKS)
@example((workflows.model.REFUND_ORDER, "a", "b/c"), (workflows.model.REFUND_ORDER, "a/b", "c"))
def test_two_workflows_have_one_id_only_where_they_are_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (workflow_id(*one) == workflow_id(*other)) == (one == other)
    assert len(workflow_id(*one).encode()) <= MAX_NAME


@given(IDS, IDS, IDS, IDS)
def test_two_webhook_workflows_have_one_id_only_where_they_are_the_same(a: str, b: str, c: str, d: str) -> None:
    one, other = (workflow_id(DELIVER_WEBHOOKS, *each, separator="-") for each in ((a, b), (c, d)))
    assert (one == other) == ((a, b) == (c, d))
    assert len(one.encode()) <= MAX_NAME


def test_no_workflow_type_is_the_beginning_of_another() -> None:
    assert not [(one, other) for one, other in permutations(WORKFLOWS, 2) if other.startswith(f"{one}-")]


@given(ANY_KIND, IDS, IDS)
def test_a_derived_name_is_bounded(kind: str, order_id: str, about: str) -> None:
    assert len(derived_name(kind, order_id, about)) <= MAX_NAME


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        (derived_name("confirm", "o-1"), "o-1:confirm"),
        (derived_name("return-payment", "o-1", "r-1"), "o-1:return-payment:r-1"),
        (key_of_order("charge-payment", "o:1"), "o:1:charge-payment"),
        (request_name("bob", "k:1", "f0"), "api:bob:k:1:f0"),
        (workflow_id("fulfill-order", "o:1"), "fulfill-order-o:1"),
        (workflow_id("refund-order", "o-1", "r/1"), "refund-order-o-1/r/1"),
        (workflow_id(DELIVER_WEBHOOKS, "ep_0", "o-1", separator="-"), "deliver-webhooks-ep_0-o-1"),
    ],
)
def test_names_that_cannot_be_mistaken_stay_as_orders_in_flight_have_them(name: str, plain: str) -> None:
    assert name == plain


@pytest.mark.parametrize("order_id", ["o-1", "o:1", ":o", "return-payment", ":return-payment"])
def test_the_kind_of_a_key_can_be_read(order_id: str) -> None:
    assert kind_of(derived_name("return-payment", order_id, "r-1"), order_id) == "return-payment"
    assert kind_of(key_of_order("refund-payment", order_id), order_id) == "refund-payment"
    assert kind_of("stripe:re_1", order_id) == "stripe"


def test_every_step_that_appends_is_a_kind_of_name() -> None:
    steps = inspect.getmembers(OrderActivities, inspect.isfunction)
    names = {getattr(step, DEFINITION).name for _, step in steps if hasattr(step, DEFINITION)}
    assert len(names) > 5
    assert names - {READ_ORDER.name} <= KINDS
    with pytest.raises(ValueError, match="not in KINDS"):
        derived_name("mend", "o-1")


def joined(node: ast.JoinedStr) -> Iterator[str]:
    """Ids in an f-string that are adjacent to a separator without a following blank, as in a sentence."""
    for before, value, after in zip([None, *node.values], node.values, [*node.values[1:], None], strict=False):
        if not isinstance(value, ast.FormattedValue):
            continue
        name = ast.unparse(value.value)
        left, right = (str(each.value) if isinstance(each, ast.Constant) else "" for each in (before, after))
        touches = left.endswith((":", "-", "/")) or (right[:1] in (":", "-", "/") and not right[1:2].isspace())
        if name.endswith(("order_id", "refund_id", "endpoint_id")) and touches:
            yield f"{{{name}}} in {ast.unparse(node)}"


def test_nobody_but_the_domain_joins_ids_to_a_name() -> None:
    packages = [
        "activities",
        "application",
        "audit",
        "chaos",
        "cli",
        "dispatcher",
        "scripts",
        "web",
        "webhooks",
        "workflows",
    ]
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    assert len(files) > 100
    found = [
        f"{file.relative_to(ROOT)}: {each}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.JoinedStr)
        for each in joined(node)
    ]
    assert found == []
