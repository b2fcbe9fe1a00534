"""Stripe's search of intents and its list by time, which localstripe lacks."""

import re
from collections.abc import Mapping

from tests.gateways.local_stripe import Json, LocalStripe

_EXPAND = {"expand[]": "latest_charge"}


async def listed(behind: LocalStripe, asked: Mapping[str, str], *, hidden: bool) -> Json:
    """Answer to a search by our key, or to a list of intents since a time. hidden: it finds none."""
    found = [] if hidden else await behind.intents()
    if "query" in asked:
        named = re.fullmatch(r"metadata\['key'\]:'(.*)'", asked["query"])
        assert named, f"a search that is not ours: {asked['query']}"
        key = re.sub(r"\\(.)", r"\1", named[1])
        found = [each for each in found if each["metadata"].get("key") == key]
    else:
        found = [each for each in found if each["created"] >= int(asked["created[gte]"])]
    whole = [await behind.ask("GET", f"/v1/payment_intents/{each['id']}", **_EXPAND) for each in found]
    kind = "search_result" if "query" in asked else "list"
    return {"object": kind, "data": whole, "has_more": False, "url": "/v1/payment_intents"}


async def listed_refunds(behind: LocalStripe, asked: Mapping[str, str]) -> Json:
    """Answer to a list of refunds since a time, in pages of Stripe's size, the latest first."""
    found = [each for each in await behind.refunds() if each["created"] >= int(asked["created[gte]"])]
    ids = [each["id"] for each in found]
    begin = ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
    page = found[begin : begin + int(asked["limit"])]
    return {"object": "list", "data": page, "has_more": begin + len(page) < len(found), "url": "/v1/refunds"}
