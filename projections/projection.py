"""Definition of a projection: data and two pure functions. The projector and the rebuild do the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from eventstore.model import RecordedEvent
from orders.events import Event
from projections.columns import columns

R = TypeVar("R")
Key: TypeAlias = tuple[Any, ...]
Changes: TypeAlias = dict[str, Any]
"""New values of a row's fields, by name."""


class OrderMissing(Exception):
    """An event of an order whose order.placed this projection has not folded. Repair that event, then rebuild."""

    def __init__(self, order_id: str, event_type: str) -> None:
        super().__init__(f"{event_type} of order {order_id!r}, whose order.placed is not in this projection")
        self.order_id, self.event_type = order_id, event_type


@dataclass(frozen=True, slots=True)
class Projection(Generic[R]):
    """Rows of type R, one per key, folded from the events of some types in the order of the log.

    table: its name in the schema `projections`, made by a migration with the columns that R's fields name.
    row: a dataclass with slots; first the `key_columns`, then fields with defaults, which are the row before any event.
    keys: the rows that an event changes, each once, as values of `key_columns`.
    changes: what an event changes in one of these rows. An error parks the event and leaves all its rows unchanged.
    """

    name: str
    table: str
    row: type[R]
    key_columns: tuple[str, ...]
    events: tuple[type[Event], ...]
    keys: Callable[[Any, RecordedEvent], Iterable[Key]]
    changes: Callable[[R, Any, RecordedEvent], Changes]

    def __post_init__(self) -> None:
        if tuple(columns(self.row))[: len(self.key_columns)] != self.key_columns:
            raise ValueError(f"the first fields of {self.row.__name__} are not {self.key_columns}")

    @property
    def event_types(self) -> tuple[str, ...]:
        return tuple(event.event_type for event in self.events)

    def initial(self, key: Key) -> R:
        """The row before any event."""
        return self.row(*key)

    def key_of(self, row: R) -> Key:
        return tuple(getattr(row, name) for name in self.key_columns)
