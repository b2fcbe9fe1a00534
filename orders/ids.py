"""Rules for identifiers, and the name of an order's stream."""

import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from typing import Final

MAX_ID_LENGTH: Final = 128
MAX_PAYMENT_METHOD: Final = 255
MAX_STREAM_NAME_BYTES: Final = 512
MAX_TAG: Final = 40
MAX_METADATA_KEY: Final = 40
ORDER_STREAMS: Final = "order"
"""The category of the streams of orders: their names' first part."""
CANCELLATION: Final = "cancellation"
"""Name of the refund of a cancelled order, which may have no id yet. No requested refund takes it."""
_CARD_NUMBER: Final = range(12, 20)  # digits
_MOST_DIGITS: Final = _CARD_NUMBER.stop - 1
_DIGITS: Final = re.compile(r"\d+")
_TAG: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_TAG - 1}}}", re.ASCII)
# Shown as nothing or as a blank, although Unicode counts them as letters, symbols or marks.
# Source: Unicode's DerivedCoreProperties.txt, Default_Ignorable_Code_Point; and the braille pattern without dots.
_INVISIBLE: Final = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


def stream_name(order_id: str) -> str:
    return f"{ORDER_STREAMS}-{order_id}"


def order_id_problem(text: str) -> str | None:
    """Problem of `text` as an order or customer id, worded to follow the field's name; None for a valid one."""
    problem = visible_text_problem(text)
    if problem is None and "/" in text:
        return 'must not contain "/"'
    return problem or _stream_name_problem(text)


def new_id_problem(text: str) -> str | None:
    """Problem of `text` as the id of a new order or customer; ids that were accepted before stay readable."""
    problem = order_id_problem(text)
    if problem is None and text in (".", ".."):
        return "must not be . or .., which no URL can name"
    return problem or blank_problem(text)


def sku_problem(text: str) -> str | None:
    """Problem of `text` as a SKU: as an id, but with blanks inside and `/`."""
    if text != text.strip(" "):
        return "must not begin or end with a blank"
    return visible_text_problem(text.replace(" ", "-"))


def tag_problem(text: str) -> str | None:
    """Problem of `text` as a tag, worded to follow the field's name; None for a valid one."""
    if _TAG.fullmatch(text):
        return None
    return f"must be 1 to {MAX_TAG} letters from a to z, digits, `-`, `_` and `.`, the first a letter or a digit"


def folded_tag(text: str) -> str:
    """The tag in the form in which it is stored and compared, without capitals; text that is no tag is returned as given."""
    return text if tag_problem(text) else text.lower()


def metadata_key_problem(text: str) -> str | None:
    """Problem of `text` as a key of an order's metadata; a filter separates key and value by a colon."""
    problem = visible_text_problem(text, MAX_METADATA_KEY)
    return 'must not contain ":"' if problem is None and ":" in text else problem


def control_problem(text: str) -> str | None:
    """Problem of `text` with a control character; None for any other text."""
    found = next((each for each in text if unicodedata.category(each) == "Cc"), None)
    return None if found is None else f"must not contain the control character U+{ord(found):04X}"


def blank_problem(text: str) -> str | None:
    """Problem of `text` without a visible character, worded to follow the field's name; None for any other text."""
    if is_visible(text):
        return None
    return "must have a visible character" if text.strip() else "must not be empty"


def is_visible(text: str) -> bool:
    """True if `text` has a visible character."""
    if "!" <= text[:1] <= "~":  # at once, as nearly every text
        return True
    return any(each.isprintable() and each != " " and each not in _INVISIBLE for each in text)


def visible_text_problem(text: str, most: int = MAX_ID_LENGTH) -> str | None:
    """Problem of `text` as 1 to `most` visible characters, worded to follow the field's name; None for a valid one."""
    if not 1 <= len(text) <= most:
        return _length_problem(text, most)
    if text.isprintable() and " " not in text:
        return None
    invisible = next(character for character in text if character == " " or not character.isprintable())
    return f"must be visible characters only; U+{ord(invisible):04X} is not"


def payment_method_problem(text: str) -> str | None:
    """Problem of `text` as a payment provider's token, worded to follow the field's name; None for a valid one.

    A card number is refused: the log is kept for ever and must not store cards.
    """
    # The length first: a text of a megabyte is refused before its contents are read.
    if not 1 <= len(text) <= MAX_PAYMENT_METHOD:
        return _length_problem(text, MAX_PAYMENT_METHOD)
    if has_card_number(text):
        return "must be the payment provider's token, never a card number"
    return visible_text_problem(text, MAX_PAYMENT_METHOD)


def is_payment(token: str | None) -> bool:
    """True where an order's payment method is a payment that the customer made at checkout: Stripe's `pi_…`."""
    return token is not None and token.startswith("pi_")


def has_card_number(text: str) -> bool:
    """True for adjacent groups of digits, separated by one character that is no letter, that form a card number: by its check
    digit, as a token may hold long numbers of its own, or because the text holds nothing else.

    Linear in the text: a number has at most 19 digits, so no group is compared with more than the 18 before it.
    Source: ISO/IEC 7812-1, the Luhn formula.
    """
    window: deque[re.Match[str]] = deque(maxlen=_MOST_DIGITS)
    for group in _DIGITS.finditer(text):
        if window and not _adjoin(text, window[-1], group):
            window.clear()
        window.append(group)
        if _ends_a_card_number(text, window):
            return True
    return False


def _adjoin(text: str, group: re.Match[str], following: re.Match[str]) -> bool:
    return following.start() == group.end() + 1 and not text[group.end()].isalpha()


def _ends_a_card_number(text: str, window: Sequence[re.Match[str]]) -> bool:
    """True where the last group of the window, alone or with preceding groups, completes a number."""
    digits, end = "", window[-1].end()
    for group in reversed(window):
        if len(digits) + group.end() - group.start() > _MOST_DIGITS:
            return False
        digits = group[0] + digits
        if len(digits) in _CARD_NUMBER and (_checks(digits) or (group.start(), end) == (0, len(text))):
            return True
    return False


def _checks(digits: str) -> bool:
    values = [int(digit) for digit in digits]
    return (sum(values[-1::-2]) + sum(sum(divmod(2 * value, 10)) for value in values[-2::-2])) % 10 == 0


def _length_problem(text: str, most: int) -> str:
    return f"must be 1 to {most} characters long, not {len(text):,}"


def _stream_name_problem(text: str) -> str | None:
    # 128 characters of four bytes each pass every other rule, and would then be refused by the event store.
    if text.isascii() or len(stream_name(text).encode()) <= MAX_STREAM_NAME_BYTES:
        return None
    return f"is too long for a stream name of {MAX_STREAM_NAME_BYTES} bytes in UTF-8"
