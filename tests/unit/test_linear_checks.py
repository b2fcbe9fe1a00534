"""No check of external text takes more than linear time: measured at n, 2n and 4n characters, in CPU time."""

import gc
import re
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.unit.text_subjects import Check, subjects

ALPHABETS: Final[dict[str, Callable[[int], str]]] = {
    pattern: (lambda length, pattern=pattern: (pattern * length)[:length])  # type: ignore[misc]
    for pattern in (
        "4 ", "4", "4-", "\\", '"', '\\"', '"\\a', "a\u0301", "\u0301", "(", "[[", "]", "%", "%25", "@", ".", "a.", "/",
        " ", "\t\n", ",", ";=", ":", "~", "+", "0", "-", "{", '{"a":', '[{"a":', "[0,", "\x00", "😀", "a", "A", "aA1 ",
    )
}  # fmt: skip
# Twice on each side of the limits of 128 to 512 characters. Longer texts stand for all that a body has room for.
SHORT: Final = (60, 120, 240)
LONG: Final = (2_000, 4_000, 8_000)
# 4 for linear time, 16 for quadratic time.
MOST_GROWTH: Final = 8.0
# Below it the clock's resolution dominates; such a quick check at 8,000 characters delays no request.
NOISE: Final = 0.0005
SUBJECTS: Final = subjects()


def cost(check: Check, text: str) -> float:
    before = time.thread_time()
    check(text)
    return time.thread_time() - before


def is_linear(check: Check, make: Callable[[int], str], lengths: tuple[int, ...]) -> bool:
    """True if one of several rounds is linear: disturbances make a measurement longer, never shorter."""
    least = [float("inf")] * len(lengths)
    for _ in range(8):
        for index, length in enumerate(lengths):
            least[index] = min(least[index], cost(check, make(length)))
        if least[-1] < NOISE or least[-1] < MOST_GROWTH * least[0]:
            return True
    return False


@pytest.fixture(autouse=True, scope="module")
def _without_garbage_collection() -> object:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_check_takes_no_more_than_linear_time(name: str) -> None:
    check = SUBJECTS[name]
    check("a")  # initialisation, such as the table of countries, is not measured
    slow = [
        (alphabet, lengths)
        for alphabet, make in ALPHABETS.items()
        for lengths in (SHORT, LONG)
        if not is_linear(check, make, lengths)
    ]
    assert not slow, f"{name} takes more than linear time for texts of {slow}"


def test_a_quadratic_check_is_found() -> None:
    assert not is_linear(re.compile(" *x").search, ALPHABETS[" "], LONG)
    assert is_linear(lambda text: text.encode() * 3, ALPHABETS["a"], LONG)


def test_every_field_that_a_request_may_have_is_among_those() -> None:
    for name in (
        "order paymentMethod",
        "order items.0.sku",
        "order shippingAddress.line2",
        "/v1/orders/{orderId}/refunds refundId",
        "/v1/orders/{orderId}/cancel reason",
        "/v1/orders placedFrom",
        "/v1/inventory after",
        "/v1/webhooks/endpoints url",
        "/v1/webhooks/endpoints/{endpointId} topics",
        "/v1/gateways/stripe/events Stripe-Signature",
    ):
        assert name in SUBJECTS, sorted(SUBJECTS)
