"""Codes of refusals, as API and `--json` show them."""

import re


def code_of_class(error: type[BaseException]) -> str:
    """Return the code of an error's class: `order-not-found` of OrderNotFound."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()
