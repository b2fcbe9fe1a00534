"""Client of EasyPost: the calls of the shipping gateway, with EasyPost's errors translated.

Imported only if EasyPost is selected: the package `easypost` is an extra. Shapes, statuses and error codes:
https://docs.easypost.com/docs/shipments, /docs/shipments/shipping-refund and /docs/errors.
"""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from easypost.easypost_client import EasyPostClient
from easypost.errors.api.api_error import ApiError
from easypost.errors.api.http_error import HttpError
from easypost.errors.api.invalid_request_error import InvalidRequestError
from easypost.errors.api.not_found_error import NotFoundError
from easypost.errors.api.rate_limit_error import RateLimitError
from easypost.errors.api.timeout_error import TimeoutError as NoAnswerInTime
from requests.adapters import HTTPAdapter

from gateways.easypost.customs import customs_info, needs_customs, ounces
from gateways.easypost.shipment import Shipment, address_of, read_messages, read_page, read_rates, read_shipment
from gateways.errors import GatewayBusy, GatewayMisconfigured, GatewayUnavailable
from gateways.shipping import LabelRequest
from orders.reference import country_code

T = TypeVar("T")

TIMEOUT: Final = 8  # seconds to connect, and as many to read the answer: together less than a gateway step's time-out
LONGEST_WAIT: Final = 1.0  # seconds for a thread: a later call could take effect after its step's time-out
RETRY_AFTER: Final = 15.0  # seconds: six attempts make a round that outlasts a purchase
_PURCHASE: Final = 64  # seconds for which EasyPost may process a purchase: its own client waits 60 for the answer
_THREADS: Final = 32
_PAGE: Final = 100  # the longest page of EasyPost's lists
_DAY: Final = timedelta(days=1)
_PENDING: Final = frozenset({"EXISTS", "IN_PROGRESS", "NO_RESPONSE", "TIMED_OUT"})
_CODE: Final = re.compile(r"[A-Za-z0-9_.]{1,60}")


class EasyPostBusy(GatewayBusy):
    """The call was rate-limited or never made: it had no effect."""


class EasyPostUnknown(GatewayMisconfigured):
    """No such shipment at EasyPost."""


class EasyPostRefused(Exception):
    """EasyPost answers 422. reason: EasyPost's message, which may quote the request."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason

    @property
    def is_pending(self) -> bool:
        """True if a label may be bought: one exists, a purchase is in progress, or the carrier did not answer in time."""
        return self.code.rpartition(".")[2] in _PENDING


class EasyPostApi:
    """One client for the process, in threads of its own. Every method may raise GatewayUnavailable, GatewayMisconfigured or
    EasyPostRefused."""

    def __init__(
        self, api_key: str, sender: Mapping[str, str], base: str | None = None, *, timeout: int = TIMEOUT
    ) -> None:
        given = {"api_base": base.rstrip("/")} if base else {}
        self._client = EasyPostClient(api_key, timeout=timeout, **given)
        for prefix in list(self._client._requests_session.adapters):  # Temporal retries, visibly
            self._client._requests_session.mount(prefix, HTTPAdapter(max_retries=0, pool_maxsize=_THREADS))
        self._client.subscribe_to_response_hook(self._note_headers)  # type: ignore[no-untyped-call]
        self._answer = threading.local()
        self._sender = dict(sender)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="easypost")

    @property
    def purchase_seconds(self) -> float:
        """Seconds for which a purchase without an answer may be in progress at EasyPost; no other begins before."""
        return max(_PURCHASE, 2 * self._timeout + 4)

    def needs_customs(self, country: str) -> bool:
        """True if goods from the sender to this country are declared to the customs."""
        sender = self._sender["country"]
        return needs_customs(country_code(sender) or sender, country)

    def ounces(self, request: LabelRequest, unit_ounces: float) -> float:
        """Return the parcel's weight: of its goods where they are declared, else of its units."""
        declared = self.needs_customs(request.recipient.country)
        return ounces(request.goods) if declared else request.units * unit_ounces

    async def create(self, request: LabelRequest, unit_ounces: float) -> Shipment:
        """Create a shipment with its rates, without buying a label. Goods that are to be declared must be complete."""
        shipment: dict[str, Any] = {
            "reference": request.key,
            "from_address": self._sender,
            "to_address": address_of(request.recipient, request.phone),
            "parcel": {"weight": self.ounces(request, unit_ounces)},
        }
        if self.needs_customs(request.recipient.country):
            shipment["customs_info"] = customs_info(request, self._sender)
        return await self._shipment(lambda: self._client.shipment.create(**shipment))

    async def rerated(self, shipment: Shipment) -> Shipment:
        """Return the shipment with new rates: EasyPost's expire."""
        rates, messages = await self._call(
            lambda: self._client.shipment.regenerate_rates(shipment.id),
            lambda answer: (read_rates(answer), read_messages(answer)),
        )
        return replace(shipment, rates=rates, messages=messages or shipment.messages)

    async def retrieve(self, shipment_id: str) -> Shipment:
        return await self._shipment(lambda: self._client.shipment.retrieve(shipment_id))

    async def find(self, reference: str) -> Shipment | None:
        """Return the shipment created under our reference, which EasyPost accepts in place of an id."""
        try:
            return await self.retrieve(quote(reference, safe=""))
        except EasyPostUnknown:
            return None

    async def bought_since(self, since: datetime) -> AsyncIterator[Shipment]:
        """Yield all shipments created since then whose label was bought, the latest first."""
        end = datetime.now(UTC) + _DAY  # without one EasyPost lists one month
        query: dict[str, Any] = {"purchased": True, "start_datetime": _time(since), "end_datetime": _time(end)}
        more: dict[str, str] = {}
        while True:
            listing = partial(self._client.shipment.all, page_size=_PAGE, **query, **more)
            page, has_more = await self._call(listing, read_page)
            for each in page:
                yield each
            if not has_more or not page:
                return
            more = {"before_id": page[-1].id}

    async def buy(self, shipment_id: str, rate_id: str) -> Shipment:
        """Buy the label, which may be made after the answer. Raises EasyPostRefused also if it was bought before."""
        return await self._shipment(lambda: self._client.shipment.buy(shipment_id, rate={"id": rate_id}))

    async def refund(self, shipment_id: str) -> Shipment:
        """Request a refund of the label. A rejected refund may be requested again."""
        return await self._shipment(lambda: self._client.shipment.refund(shipment_id))

    async def _shipment(self, call: Callable[[], Any]) -> Shipment:
        return await self._call(call, read_shipment)

    async def _call(self, call: Callable[[], Any], read: Callable[[dict[str, Any]], T]) -> T:
        deadline = time.monotonic() + LONGEST_WAIT

        def made() -> T:
            if time.monotonic() > deadline:
                raise EasyPostBusy("too many calls at once")
            self._answer.retry_after = None
            try:
                answer = call()
            except InvalidRequestError as error:
                raise EasyPostRefused(_code(error), _message(error)) from None
            except RateLimitError:
                raise EasyPostBusy("EasyPost's rate limit is exceeded", self._answer.retry_after) from None
            except (NoAnswerInTime, HttpError):
                raise GatewayUnavailable("EasyPost does not answer") from None
            except ApiError as error:
                raise self._failure(error) from None
            try:
                return read(answer.to_dict())
            except (AttributeError, KeyError, TypeError, ValueError):
                raise GatewayUnavailable("EasyPost's answer is not a shipment") from None

        return await asyncio.get_running_loop().run_in_executor(self._threads, made)

    def _failure(self, error: ApiError) -> GatewayUnavailable | GatewayMisconfigured:
        status = error.http_status
        if status is None or status >= 500:
            return GatewayUnavailable(f"EasyPost fails: status {status}", self._answer.retry_after)
        kind = EasyPostUnknown if isinstance(error, NotFoundError) else GatewayMisconfigured
        return kind(f"EasyPost refuses the request: status {status}, {_code(error)}")

    def _note_headers(self, *, headers: Mapping[str, str], **_: Any) -> None:
        # The client's errors have no headers.
        given = headers.get("Retry-After", "")
        self._answer.retry_after = float(given) if given.isdecimal() else None


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _code(error: ApiError) -> str:
    """Return EasyPost's code if it has the form of one: it goes into Temporal's history."""
    code = str(error.code or "")
    return code if _CODE.fullmatch(code) else "unknown code"


def _message(error: ApiError) -> str:
    parts = [error.message]
    for each in error.errors or []:
        parts.append(f"{each.get('field')}: {each.get('message')}" if isinstance(each, dict) else str(each))
    return "; ".join(dict.fromkeys(part for part in parts if part))
