"""Errors of the webhooks, with their facts as attributes."""


class WebhookError(Exception):
    """Base of the webhooks' errors."""


class InvalidEndpoint(WebhookError):
    """A field of an endpoint is invalid. `field`: its name in wire spelling; `problem`: the reason."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class UnknownEndpoint(WebhookError):
    """There is no endpoint with this id. List the endpoints."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"there is no webhook endpoint {endpoint_id}")
        self.endpoint_id = endpoint_id


class UnknownDelivery(WebhookError):
    """There is no delivery with this id: its endpoint was removed, it was delivered over 30 days ago, or it never existed."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"there is no webhook delivery {delivery_id}")
        self.delivery_id = delivery_id


class NotParked(WebhookError):
    """Only a parked delivery is retried by hand. A pending one is being retried already; replay a delivered one."""

    def __init__(self, delivery_id: str, state: str) -> None:
        super().__init__(f"webhook delivery {delivery_id} is {state}, only a parked one is retried")
        self.delivery_id, self.state = delivery_id, state


class ReplayRunning(WebhookError):
    """Another replay of the endpoint is running: wait until it has ended."""

    def __init__(self, endpoint_id: str, after: int, until: int) -> None:
        super().__init__(f"a replay of webhook endpoint {endpoint_id} is running, at position {after:,} of {until:,}")
        self.endpoint_id, self.after, self.until = endpoint_id, after, until
