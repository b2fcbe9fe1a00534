"""EasyPost's refusals that are final by their code, or by every carrier's message. Any other refusal may pass: a carrier's bad
hour must not cancel the orders of that hour.

https://docs.easypost.com/docs/errors, /docs/shipments/messages: carriers' messages have no codes.
"""

import re
from collections.abc import Sequence
from typing import Final

_FINAL_CODES: Final = frozenset(
    (
        "ADDRESS.COUNTRY.INVALID",
        "ADDRESS.VERIFY.FAILURE",
        "ADDRESS.VERIFY.MISSING_STREET",
        "ADDRESS.VERIFY.MISSING_CITY_STATE_ZIP",
    )
)
_EXCEEDS: Final = r"\b(exceed\w*|maximum|limit\w*|too (heavy|large|long))\b"
_MEASURE: Final = r"\b(weigh\w*|dimension\w*|length|girth|size)\b"
_FINAL: Final = re.compile(
    rf"{_MEASURE}.*{_EXCEEDS}|{_EXCEEDS}.*{_MEASURE}|\b(country|destination)\b.*\bnot (served|serviced|supported)\b",
    re.IGNORECASE | re.DOTALL,
)
_PASSING: Final = re.compile(
    r"\b(try again|retry|later|temporar\w*|time[ds]?[ -]?out|unavailable|at this time|maintenance)\b", re.IGNORECASE
)


def is_final(code: str) -> bool:
    """True if a request that was refused with this code will be refused again."""
    return code in _FINAL_CODES


def are_final(messages: Sequence[str]) -> bool:
    """True if every carrier gives a final reason for offering no rate; without a message the reason is not known."""
    return bool(messages) and all(_FINAL.search(each) and not _PASSING.search(each) for each in messages)
