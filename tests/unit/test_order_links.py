"""Links that an order's workflows show in Temporal's Web UI."""

from dispatcher.links import OrderLinks


def test_only_known_addresses_are_linked() -> None:
    assert OrderLinks().details("o-1") is None
    assert (
        OrderLinks(runbook="https://wiki.example/orders").details("o-1") == "- [Runbook](https://wiki.example/orders)"
    )


def test_an_order_id_of_any_characters_is_escaped_in_each_address() -> None:
    links = OrderLinks("https://shop.example/", "https://temporal.example/namespaces/default/workflows")
    assert (links.details("a/b (c)'d") or "").splitlines() == [
        "- [The order on the operators' page](https://shop.example/#/orders/a%2Fb%20%28c%29%27d)",
        "- [All workflows of the order]"
        "(https://temporal.example/namespaces/default/workflows?query=OrderId+%3D+%27a%2Fb+%28c%29%27%27d%27)",
    ]
