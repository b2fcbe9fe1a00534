"""What the webhooks refuse, with the facts as attributes."""


class WebhookError(Exception):
    """Base of every refusal."""


class InvalidEndpoint(WebhookError):
    """What was given for an endpoint cannot be taken. `field` names it in wire spelling, `problem` says why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class UnknownEndpoint(WebhookError):
    """There is no endpoint of this id. List those that there are."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"there is no webhook endpoint {endpoint_id}")
        self.endpoint_id = endpoint_id


class UnknownDelivery(WebhookError):
    """There is no delivery of this id: it never was, its endpoint was removed, or it was delivered 30 days ago."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"there is no webhook delivery {delivery_id}")
        self.delivery_id = delivery_id


class NotParked(WebhookError):
    """Only a parked delivery is retried by hand. A pending one is under way, a delivered one is sent again by a replay."""

    def __init__(self, delivery_id: str, state: str) -> None:
        super().__init__(f"webhook delivery {delivery_id} is {state}, only a parked one is retried")
        self.delivery_id, self.state = delivery_id, state


class ReplayRunning(WebhookError):
    """One replay of an endpoint at a time: wait until it has ended."""

    def __init__(self, endpoint_id: str, after: int, until: int) -> None:
        super().__init__(f"a replay of webhook endpoint {endpoint_id} is under way, at position {after:,} of {until:,}")
        self.endpoint_id, self.after, self.until = endpoint_id, after, until
