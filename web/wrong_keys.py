"""Requests with a wrong API key, counted by client address."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from web.problems import Problem, Unauthorized
from web.refusals import Refusals

MAX_WRONG: Final = 100
WINDOW_SECONDS: Final = 60.0
MAX_ADDRESSES: Final = 4_096


class WrongKeys:
    """Responds 401 to a wrong key, and 429 once an address has sent too many.

    A valid key is never refused: all callers behind one proxy have one address, and one of them must not block the
    rest. Only the most recent addresses are kept, so memory is bounded.
    """

    def __init__(self, refusals: Refusals, clock: Callable[[], float] = time.monotonic) -> None:
        self._refusals, self._clock = refusals, clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # start and count of each window

    def refused(self, address: str, unauthorized: Unauthorized) -> Problem:
        """Count one more wrong key; return the problem to answer with."""
        network, now = _network(address), self._clock()
        began, count = self._windows.pop(network, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, count = now, 0
        self._windows[network] = began, count + 1
        if len(self._windows) > MAX_ADDRESSES:
            self._windows.popitem(last=False)
        if count < MAX_WRONG:
            return unauthorized
        self._refusals.add("too many wrong API keys from an address")
        seconds = max(1, math.ceil(began + WINDOW_SECONDS - now))
        return Problem(
            429,
            "too-many-wrong-keys",
            "too many wrong API keys from this address",
            headers={"Retry-After": str(seconds)},
        )


def _network(address: str) -> str:
    """Return the address; of IPv6 the /64 network, which one customer usually has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
