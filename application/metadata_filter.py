"""Filter of orders by their metadata, as API and command line take it: `KEY:VALUE`, once for each key."""

from collections.abc import Sequence

from orders.fields import MAX_METADATA_VALUE
from orders.ids import control_problem, metadata_key_problem


def metadata_of(pairs: Sequence[str]) -> dict[str, str]:
    """The value wanted of each key. Raises ValueError with the problems of all pairs that cannot match."""
    wanted: dict[str, str] = {}
    problems: list[str] = []
    for pair in pairs:
        key, colon, value = pair.partition(":")
        if problem := _problem(key, colon, value):
            problems.append(problem)
        elif wanted.setdefault(key, value) != value:
            problems.append(f"names two values of the key {key}")
    if problems:
        raise ValueError("; ".join(dict.fromkeys(problems)))
    return wanted


def _problem(key: str, colon: str, value: str) -> str | None:
    if not colon:
        return "must be KEY:VALUE, such as channel:web"
    if problem := metadata_key_problem(key):
        return f"has a key that {problem}"
    if len(value) > MAX_METADATA_VALUE:
        return f"has a value of more than {MAX_METADATA_VALUE} characters"
    return control_problem(value)
