"""Links of an order's workflows in Temporal's Web UI: to the operators' page, to each other and to the runbook."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from workflows.model import of_order


@dataclass(frozen=True, slots=True)
class OrderLinks:
    """Addresses of the operators' page, of the Web UI's list of workflows and of the runbook; None where not known."""

    page: str | None = None
    workflows: str | None = None
    runbook: str | None = None

    def details(self, order_id: str) -> str | None:
        """Links for an order, in Markdown; None without an address."""
        return "\n".join(f"- [{text}]({url})" for text, url in self._links(order_id)) or None

    def _links(self, order_id: str) -> Iterator[tuple[str, str]]:
        if self.page:
            yield "The order on the operators' page", f"{self.page.rstrip('/')}/#/orders/{quote(order_id, safe='')}"
        if self.workflows:
            yield "All workflows of the order", f"{self.workflows}?{urlencode({'query': of_order(order_id)})}"
        if self.runbook:
            yield "Runbook", self.runbook
