"""Settings of the EasyPost gateway, from the environment."""

import json
from typing import Final, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from gateways.provider_settings import HeaderSecret, ProviderAddress

_ADDRESS_PARTS: Final = frozenset(
    ("name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email")
)


class EasyPostSettings(BaseModel):
    """Settings of labels by EasyPost, which an API key selects."""

    easypost_api_key: HeaderSecret | None = Field(
        None, alias="ORDERS_EASYPOST_API_KEY", description="buy labels by EasyPost with this key; without it, simulated"
    )
    easypost_api_base: ProviderAddress | None = Field(
        None,
        alias="ORDERS_EASYPOST_API_BASE",
        description="EasyPost's address with its version, where it is another than EasyPost's own",
    )
    easypost_from: str | None = Field(
        None,
        alias="ORDERS_EASYPOST_FROM",
        description="with ORDERS_EASYPOST_API_KEY: the sender, as a JSON object with EasyPost's names of an address's parts",
    )
    easypost_unit_ounces: float = Field(
        16.0,
        alias="ORDERS_EASYPOST_UNIT_OUNCES",
        gt=0,
        allow_inf_nan=False,
        description="the weight of one unit of an order, for the carrier",
    )

    easypost_carrier: str | None = Field(
        None,
        alias="ORDERS_EASYPOST_CARRIER",
        min_length=1,
        description="buy labels from this carrier alone, as EasyPost spells it; without it, the lowest rate of all",
    )
    easypost_service: str | None = Field(
        None,
        alias="ORDERS_EASYPOST_SERVICE",
        min_length=1,
        description="buy this service alone, as EasyPost spells it; without it, the lowest rate",
    )

    @field_validator("easypost_from")
    @classmethod
    def _is_a_postal_address(cls, text: str | None) -> str | None:
        if text is not None:
            sender_address(text)
        return text

    @model_validator(mode="after")
    def _labels_have_a_sender(self) -> Self:
        if self.easypost_api_key is not None and self.easypost_from is None:
            raise ValueError("ORDERS_EASYPOST_API_KEY needs ORDERS_EASYPOST_FROM, the sender's address")
        return self


def sender_address(text: str) -> dict[str, str]:
    """Parse a sender's address with EasyPost's field names from JSON. Raises ValueError."""
    try:
        parts = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("must be a JSON object") from None
    if not isinstance(parts, dict) or not all(isinstance(part, str) and part.strip() for part in parts.values()):
        raise ValueError("must be a JSON object of texts")
    if unknown := parts.keys() - _ADDRESS_PARTS:
        raise ValueError(f"has no parts {sorted(unknown)}: known are {sorted(_ADDRESS_PARTS)}")
    if missing := {"street1", "city", "country"} - parts.keys():
        raise ValueError(f"lacks {sorted(missing)}")
    return parts
