"""Documents about the state of the system; see `web.models` for the spelling of fields."""

from datetime import datetime
from typing import Literal

from application.documents import Amount, Document, Position, Status
from open_work.kinds import Kind


class Config(Document):
    """The caller, and the settings that a page needs."""

    version: str
    actor: str
    role: Literal["read", "write", "operate"]
    temporal_ui_url: str | None
    namespace: str


class Money(Document):
    currency: str
    amount: Amount


class Summary(Document):
    """Dashboard figures. head: the end of the log. counts: orders by status. revenue: money paid and not refunded."""

    head: Position
    counts: dict[Status, int]
    revenue: list[Money]


class Stuck(Document):
    """An order or event that needs an operator."""

    kind: Kind
    order_id: str
    state: str | None
    step: str
    since: datetime | None
    error: str
    next_retry: datetime | None
    workflow_id: str | None
    url: str | None
    position: int | None


class AttentionList(Document):
    """In the order of harm. counts: of every kind, at most 1,000 each. more: there are more rows. after: cursor of the next
    page; null on the last. complete: false where Temporal did not respond in time."""

    stuck: list[Stuck]
    counts: dict[Kind, int]
    more: bool
    after: str | None
    complete: bool


class Rebuild(Document):
    """A rebuild of a projection, or the last that this process ran. error: the reason of its failure."""

    position: Position
    head: Position
    state: Literal["running", "failed", "done"]
    error: str | None


class Reader(Document):
    """A reader of the log. position: null where it never ran. seconds: age of its oldest unprocessed event."""

    name: str
    position: Position | None
    events: int
    seconds: float
    parked: int
    rebuild: Rebuild | None


class Readers(Document):
    head: Position
    readers: list[Reader]


class RebuildStarted(Document):
    name: str
