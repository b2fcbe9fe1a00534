"""Settings of the simulated gateways, from the environment."""

from pydantic import BaseModel, Field


class SimulatedSettings(BaseModel):
    """Limits of the simulated gateways, which are used where no provider is selected."""

    payment_decline_above: int | None = Field(
        None,
        alias="ORDERS_PAYMENT_DECLINE_ABOVE",
        ge=0,
        description="the simulated payment gateway declines totals above this many minor units",
    )
    shipping_unavailable_above: int | None = Field(
        None,
        alias="ORDERS_SHIPPING_UNAVAILABLE_ABOVE",
        ge=0,
        description="the simulated carrier refuses orders of more than this many units",
    )
