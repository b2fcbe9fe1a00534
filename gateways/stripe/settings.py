"""Settings of the Stripe gateway, from the environment."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from gateways.provider_settings import HeaderSecret, ProviderAddress


class StripeSettings(BaseModel):
    """Settings of payments by Stripe, which an API key selects."""

    stripe_api_key: HeaderSecret | None = Field(
        None, alias="ORDERS_STRIPE_API_KEY", description="charge by Stripe with this secret key; without it, simulated"
    )
    stripe_api_base: ProviderAddress | None = Field(
        None, alias="ORDERS_STRIPE_API_BASE", description="Stripe's address, where it is another than Stripe's own"
    )
    stripe_webhook_secret: HeaderSecret | None = Field(
        None,
        alias="ORDERS_STRIPE_WEBHOOK_SECRET",
        description="the signing secret of Stripe's webhooks; without it, none are received",
    )
    stripe_capture: Literal["at-once", "with-label"] = Field(
        "at-once",
        alias="ORDERS_STRIPE_CAPTURE",
        description="with-label: authorise first, and capture when the shipping label exists",
    )

    stripe_reconcile_seconds: int = Field(
        900,
        alias="ORDERS_STRIPE_RECONCILE_SECONDS",
        ge=60,
        description="the interval at which a worker compares payments with Stripe, beside webhooks",
    )

    @field_validator("stripe_api_base")
    @classmethod
    def _has_no_path(cls, address: str | None) -> str | None:
        if address is not None and urlsplit(address).path.strip("/"):
            raise ValueError("must have no path: the version is the client's to add")
        return address

    @field_validator("stripe_api_key")
    @classmethod
    def _is_secret_or_restricted(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not key.get_secret_value().startswith(("sk_", "rk_")):
            raise ValueError("must be a secret or restricted key, which begin with sk_ and rk_")
        return key

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _is_a_signing_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().startswith("whsec_"):
            raise ValueError("must be an endpoint's signing secret, which begins with whsec_")
        return secret

    @model_validator(mode="after")
    def _webhooks_can_be_checked(self) -> Self:
        if self.stripe_webhook_secret is not None and self.stripe_api_key is None:
            raise ValueError("ORDERS_STRIPE_WEBHOOK_SECRET needs ORDERS_STRIPE_API_KEY, to look payments up")
        return self

    @model_validator(mode="after")
    def _holding_takes_a_provider(self) -> Self:
        if self.stripe_capture == "with-label" and self.stripe_api_key is None:
            raise ValueError("ORDERS_STRIPE_CAPTURE needs ORDERS_STRIPE_API_KEY: a simulated charge is never held")
        return self
