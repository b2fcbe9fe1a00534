"""notify-shipment: tells other systems, by integration events in the store's topics."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT, PUBLISH, OrderRef, Publication
    from workflows.model import NOTIFY_SHIPMENT, Notified
    from workflows.steps import database_step


@workflow.defn(name=NOTIFY_SHIPMENT)
class NotifyShipment:
    """Publishes a shipped order's messages, each once however often it runs."""

    @workflow.run
    async def run(self, order: OrderRef) -> Notified:
        shipment = await self._publish(order, NOTIFICATIONS_SHIPMENT)
        revenue = await self._publish(order, ANALYTICS_REVENUE)
        return Notified(messages=(shipment, revenue))

    async def _publish(self, order: OrderRef, topic: str) -> str:
        published = await database_step(PUBLISH, Publication(order=order, topic=topic), topic)
        return published.message_id
