"""notify-shipment: publishes integration events of a shipment."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import PUBLISH, OrderRef, Publication
    from orders.topics import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT
    from workflows.model import NOTIFY_SHIPMENT, Notified, OrderRun
    from workflows.rounds import InRounds


@workflow.defn(name=NOTIFY_SHIPMENT)
class NotifyShipment(InRounds):
    """Publishes a shipped order's messages, each once for any number of runs."""

    @workflow.init
    def __init__(self, begun: OrderRun) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: OrderRun) -> Notified:
        order = begun.about(OrderRef)
        shipment = await self._publish(order, NOTIFICATIONS_SHIPMENT)
        revenue = await self._publish(order, ANALYTICS_REVENUE)
        return Notified(messages=(shipment, revenue))

    async def _publish(self, order: OrderRef, topic: str) -> str:
        published = await self.database(PUBLISH, Publication(order=order, topic=topic), topic)
        return published.message_id
