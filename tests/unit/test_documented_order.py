"""The order in the overview is accepted."""

import json
from datetime import UTC, datetime
from pathlib import Path

from orders.model import parse_order

OVERVIEW = Path(__file__).parents[2] / "docs" / "overview.md"


def test_the_documented_order_is_accepted() -> None:
    example = OVERVIEW.read_text().partition("```json\n")[2].partition("```")[0]
    order = parse_order(json.loads(example), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (order.order_id, order.total) == ("my-1", 4090)
