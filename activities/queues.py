"""Task queues of the gateways: calls that hang at one gateway, or its rate limit, delay nothing else."""

from enum import StrEnum


class Gateway(StrEnum):
    """A gateway with a task queue of its own."""

    PAYMENTS = "payments"
    LABELS = "labels"


def gateway_queue(fleet: str, gateway: Gateway) -> str:
    """Return the gateway's task queue. fleet: the task queue of the workflows."""
    return f"{fleet}-{gateway}"
