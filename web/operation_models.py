"""What the API answers about the work itself; see `web.models` for how fields are spelled."""

from datetime import datetime
from typing import Literal

from open_work.kinds import Kind
from web.models import Amount, Document, Position, Status


class Config(Document):
    """Who is asking, and what a page needs to know. role: read, write or operate."""

    version: str
    actor: str
    role: Literal["read", "write", "operate"]
    temporal_ui_url: str | None
    namespace: str


class Money(Document):
    currency: str
    amount: Amount


class StatusToday(Document):
    """The orders that something happened to today and that are in this status now."""

    status: Status
    orders: int
    amounts: list[Money]


class Today(Document):
    since: datetime
    statuses: list[StatusToday]


class Summary(Document):
    """head: the log's end. counts: orders by status. revenue: money paid and not given back."""

    head: Position
    counts: dict[Status, int]
    today: Today
    revenue: list[Money]


class Stuck(Document):
    """Something that does not go on by itself."""

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
    """more: there is more than `limit`. complete: false where Temporal could not be asked."""

    stuck: list[Stuck]
    more: bool
    complete: bool


class Rebuild(Document):
    """A rebuild of a projection, or the last one of this process. error: why it failed."""

    position: Position
    head: Position
    state: Literal["running", "failed", "done"]
    error: str | None


class Reader(Document):
    """A reader of the log. position: null where it never ran. seconds: age of the oldest event it has yet to see."""

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
