"""A carrier's message in the order's stream and Temporal's history: short, and without the address."""

import pytest

from gateways.easypost.carrier_messages import LIMIT, refusal_reason
from gateways.shipping import Recipient

RECIPIENT = Recipient("Maria Anders", "Obere Str. 57", "Hof (2)", "Bad Öls", "BY", "12209", "DE")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("USPS: weight exceeds the limit", "USPS: weight exceeds the limit"),
        ("not found: Obere Str. 57, 12209 Bad Öls", "not found: …, … …"),
        ("OBERE STR 57 BAD ÖLS BY is unknown to us", "… … … … … is unknown to us"),
        ("no such person as anders, maria", "no such person as …, …"),
        ("hof (2) is missing", "… is missing"),
        ("the carrier\n  has\tproblems", "the carrier has problems"),
        ("nearby and 122091 stay", "nearby and 122091 stay"),
        ("", "no carrier takes the parcel"),
    ],
)
def test_words_come_without_any_part_of_the_address(message: str, shown: str) -> None:
    assert refusal_reason(message, RECIPIENT) == f"Shipping unavailable: {shown}"


def test_long_words_are_cut_after_they_were_masked() -> None:
    shown = refusal_reason("x " * LIMIT + "Obere Str. 57", RECIPIENT)
    assert shown.endswith("…")
    assert len(shown) == len("Shipping unavailable: ") + LIMIT
    assert "Maria" not in refusal_reason("x" * (LIMIT - 4) + " Maria Anders", RECIPIENT)


def test_an_address_without_some_parts_masks_nothing_else() -> None:
    bare = Recipient("Ann", "Way 1", None, "Ulm", None, None, "DE")
    assert refusal_reason("no way to Ulm, DE", bare) == "Shipping unavailable: no … to …, DE"


@pytest.mark.parametrize("message", ["+41 44 123 45 67", "0041441234567", "044-1234567", "(044) 123.45.67"])
def test_words_come_without_the_telephone_however_it_is_written(message: str) -> None:
    shown = refusal_reason(f"phone {message} is invalid, weight 1234", RECIPIENT, "+41 44 123 45 67")
    assert shown == "Shipping unavailable: phone … is invalid, weight 1234"
