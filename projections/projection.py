"""What a projection is: data and three pure functions. The runner knows the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar, get_args, get_type_hints

from eventstore.model import RecordedEvent
from orders.events import Event

R = TypeVar("R")
Key: TypeAlias = tuple[str, ...]
# A sum of amounts: each fits bigint, the sum need not.
Sum: TypeAlias = Annotated[int, "numeric"]
_SQL_TYPES: Final = {str: "text", int: "bigint", datetime: "timestamptz"}


class NotPlaced(Exception):
    """An event of an order whose placing this projection has not taken: mend that one, then rebuild."""

    def __init__(self, order_id: str, event_type: str) -> None:
        super().__init__(f"{event_type} of order {order_id!r}, whose order.placed is not in this projection")
        self.order_id, self.event_type = order_id, event_type


@dataclass(frozen=True, slots=True)
class Projection(Generic[R]):
    """Rows of type R, one per key, folded from the events of some types in the order of the log.

    table: its name in the schema `projections`, made by a migration with the columns that R's fields name.
    key: an event's row, as the values of `key_columns`. initial: the row before any event.
    reduce: the row after an event. What it raises parks that event and leaves the row as it was.
    sql: the same fold as a query, for rebuilds (see set_fold.py); None where there is none.
    """

    name: str
    table: str
    row: type[R]
    key_columns: tuple[str, ...]
    events: tuple[type[Event], ...]
    key: Callable[[Any], Key]
    initial: Callable[[Key], R]
    reduce: Callable[[R, Any, RecordedEvent], R]
    sql: str | None = None

    @property
    def event_types(self) -> tuple[str, ...]:
        """The events' names on the wire."""
        return tuple(event.event_type for event in self.events)


def columns(row: type[Any]) -> dict[str, str]:
    """The columns of a row's table and their SQL types, in the order of the row's fields."""
    hints = get_type_hints(row, include_extras=True)
    return {name: _sql_type(hint) for name, hint in hints.items()}


def _sql_type(hint: Any) -> str:
    arguments = get_args(hint)
    if hint == Sum:
        return str(arguments[-1])
    return _SQL_TYPES[arguments[0] if arguments else hint]
