"""Topics of the integration events about a shipped order."""

from typing import Final

NOTIFICATIONS_SHIPMENT: Final = "notifications.shipment"
ANALYTICS_REVENUE: Final = "analytics.revenue"
TOPICS: Final = (NOTIFICATIONS_SHIPMENT, ANALYTICS_REVENUE)
