"""The API's description: every tag, operation and parameter is described, and responses have schemas of their own."""

from typing import Any
from unittest.mock import MagicMock

import pytest

from settings import Settings
from web.app import create_app


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return create_app(MagicMock(settings=Settings()), MagicMock()).openapi()


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_every_tag_is_described_and_used(description: dict[str, Any]) -> None:
    described = {tag["name"]: tag["description"] for tag in description["tags"]}
    assert all(described.values())
    assert set(described) == {tag for each in operations(description).values() for tag in each["tags"]}


def test_every_operation_has_its_own_id_and_a_summary(description: dict[str, Any]) -> None:
    found = operations(description)
    assert len({each["operationId"] for each in found.values()}) == len(found)
    assert [name for name, each in found.items() if not each.get("summary")] == []


def test_every_parameter_is_described(description: dict[str, Any]) -> None:
    missing = [
        f"{name} {parameter['name']}"
        for name, each in operations(description).items()
        for parameter in each.get("parameters", [])
        if not parameter.get("description")
    ]
    assert missing == []


def test_every_reference_has_its_schema(description: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= known


def test_a_response_has_all_of_its_fields_where_a_request_may_leave_some_out(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for response, request in (("Address", "AddressRequest"), ("Adjustments", "AdjustmentsRequest")):
        assert set(schemas[response]["required"]) == set(schemas[response]["properties"])
        assert set(schemas[request].get("required", [])) < set(schemas[request]["properties"])
    assert set(schemas["OrderPayment"]["required"]) == set(schemas["OrderPayment"]["properties"])
    assert "errors" not in schemas["ProblemDocument"]["required"]


def test_bounds_of_parameters_are_keywords_of_json_schema(description: dict[str, Any]) -> None:
    limit = next(
        parameter["schema"]
        for parameter in operations(description)["get /v1/orders"]["parameters"]
        if parameter["name"] == "limit"
    )
    assert (limit["minimum"], limit["maximum"]) == (1, 200)

    def keys(node: Any) -> set[str]:
        if isinstance(node, dict):
            return set(node).union(*map(keys, node.values()))
        return set().union(*map(keys, node)) if isinstance(node, list) else set()

    assert keys(description) & {"ge", "le", "gt", "lt"} == set()


def test_a_field_that_may_be_left_out_is_optional_in_generated_clients(description: dict[str, Any]) -> None:
    order = operations(description)["post /v1/orders"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(order["properties"]) - set(order["required"]) >= {"placedAt", "adjustments", "paymentMethod"}
    with_default = [
        f"{name} {field}"
        for name, part in {**description["components"]["schemas"], "Order": order}.items()
        for field, schema in part.get("properties", {}).items()
        if "default" in schema and field not in part.get("required", ())
    ]
    assert with_default == []  # generators require a field that has the keyword
