"""Every check of external text, by name; those of routes are found automatically."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request

from application.cursors import encode_cursor
from application.order_json import read_order
from inventory.stock_file import InvalidStockFile, read_stock_csv
from orders.errors import InvalidOrder
from orders.ids import has_card_number, visible_text_problem
from projections.order_filter import ALL_ORDERS, OrderFilter, Period
from tests.running_system import order_data
from web import gateway_routes, operation_routes, order_routes, read_routes, stream_routes, webhook_routes
from web.idempotency import _key
from web.keys import Keyring, _Key
from web.known_errors import json_pointer, problem_of
from web.limits import _hostname, _netloc, _require_json
from web.order_filter import place_in
from web.preconditions import versions_of
from web.problems import Problem, problem_response
from webhooks.addresses import _parsed
from webhooks.connections import _retry_after
from webhooks.endpoints import checked_description
from webhooks.errors import WebhookError
from webhooks.topics import checked_topics

Check = Callable[[str], object]
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
OF_PERIOD: Final = OrderFilter(period=Period())
ROUTES: Final = (read_routes, order_routes, operation_routes, stream_routes, webhook_routes, gateway_routes)


def subjects() -> dict[str, Check]:
    """Every check by its name. A refusal is an outcome like any other, and includes its answer."""
    return dict([*_order_fields(), *_parameters(), *_other_checks()])


def _order_fields() -> Iterator[tuple[str, Check]]:
    complete = order_data("a", placedAt="2026-01-01T00:00:00Z", paymentMethod="pm_1")
    complete["shippingAddress"] |= {"line2": "x", "region": "x"}
    for path in _leaves(complete, ()):
        yield "order " + ".".join(map(str, path)), _placing(complete, path)
    yield "order unknown field", lambda text: _answered(json.dumps(complete | {text: text}))
    yield "order as it comes", _answered


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield path
    else:
        for key, each in inner:
            yield from _leaves(each, (*path, key))


def _placing(complete: dict[str, Any], path: tuple[Any, ...]) -> Check:
    def place(text: str) -> object:
        data = json.loads(json.dumps(complete))
        target = data
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = text
        return _answered(json.dumps(data))

    return place


def _answered(body: str) -> object:
    try:
        return read_order(body.encode("utf-8", "surrogatepass"), now=NOW)
    except InvalidOrder as error:
        problem = problem_of(error)
        assert problem is not None
        return problem_response(problem)


def _parameters() -> Iterator[tuple[str, Check]]:
    for routes in ROUTES:
        for route in routes.router.routes:
            assert isinstance(route, APIRoute)
            for field in get_flat_params(route.dependant):
                yield f"{route.path} {field.alias}", _validated(field, lambda text: text)
            for field in route.dependant.body_params:
                for name, shape in _text_properties(field):
                    yield f"{route.path} {name}", _validated(field, shape)


def _text_properties(field: Any) -> Iterator[tuple[str, Check]]:
    schema = TypeAdapter(field.field_info.annotation).json_schema()
    while "anyOf" in schema:
        schema = schema["$defs"][schema["anyOf"][0]["$ref"].rpartition("/")[2]] | {"$defs": schema["$defs"]}
    for name, of in schema.get("properties", {}).items():
        if of.get("type") == "array":
            yield name, lambda text, name=name: {name: [text] * 100}  # type: ignore[misc]
        else:
            yield name, lambda text, name=name: {name: text}  # type: ignore[misc]
    yield "unknown field", lambda text: {text: text}


def _validated(field: Any, shape: Check) -> Check:
    def validate(text: str) -> object:
        _, errors = field.validate(shape(text), {}, loc=("body",))
        problem = problem_of(RequestValidationError(errors)) if errors else None
        return problem and problem_response(problem)

    return validate


def _other_checks() -> Iterator[tuple[str, Check]]:
    keyring = Keyring([_Key(Any, b"x" * 32)])  # type: ignore[arg-type]
    refusals = (Problem, WebhookError, InvalidStockFile, ValueError)
    checks: dict[str, Check] = {
        "card number": has_card_number,
        "visible text": lambda text: visible_text_problem(text, len(text)),
        "cursor of orders": lambda text: place_in(ALL_ORDERS, text),
        "cursor of a period": lambda text: place_in(OF_PERIOD, text),
        "cursor of a period, with a time": lambda text: place_in(OF_PERIOD, f"2026-01-01T00:00Z~{text}"),
        "cursor of customers": read_routes._customer_and_currency,
        "cursor of customers, with an id": lambda text: read_routes._customer_and_currency(encode_cursor(text, "EUR")),
        "cursor of inventory": lambda text: read_routes._sku(encode_cursor(text)),
        "Last-Event-ID": stream_routes._last,
        "Authorization": lambda text: keyring.caller(f"Bearer {text}"),
        "Idempotency-Key": lambda text: _key(_request(b"idempotency-key", text)),
        "If-Match": lambda text: versions_of([text]),
        "If-Match with a tag": lambda text: versions_of([f'"{text}", "']),
        "Content-Type": _require_json,
        "Host": _hostname,
        "Origin": _netloc,
        "JSON pointer": json_pointer,
        "endpoint's URL": lambda text: _parsed(f"https://{text}"),
        "endpoint's URL's host": lambda text: _parsed(f"https://{text[:2_000]}.example/hooks"),
        "endpoint's topics": lambda text: checked_topics([text]),
        "endpoint's description": checked_description,
        "Retry-After": lambda text: _retry_after(text.encode()),
        "stock file": lambda text: read_stock_csv(f"sku,name,unitPrice,unitsInStock\n{text},{text},{text},{text}\n"),
    }
    for name, check in checks.items():
        yield name, _suppressing(refusals, check)


def _suppressing(refusals: tuple[type[Exception], ...], check: Check) -> Check:
    def run(text: str) -> None:
        with contextlib.suppress(*refusals):
            check(text)

    return run


def _request(header: bytes, value: str) -> Request:
    raw = [(header, value.encode("latin-1", "replace"))]
    return Request({"type": "http", "headers": raw, "method": "POST", "path": "/", "query_string": b""})
