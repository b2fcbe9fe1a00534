"""Server-sent events, resumed after the last one received."""

import json
import time
from collections.abc import Iterator
from typing import Any

from orders_client.errors import OrdersError
from orders_client.transport import Api, pause_after


def follow(api: Api, path: str, after: int | None) -> Iterator[Any]:
    """Open a stream; return the document of each event after `after`, or from now on, without an end and without a gap.

    Reconnects when a connection is lost. Raises OrdersError after as many failures in a row as a request has tries.
    """
    documents = _follow(api, path, after)
    next(documents)  # connects: the stream begins at this call, and not at the first event that is read
    return documents


def _follow(api: Api, path: str, last: int | None) -> Iterator[Any]:
    """Yield None once connected, then the documents."""
    failures, is_open = 0, False
    while True:
        try:
            with api.stream(path, last) as chunks:
                for id_, data in _events(chunks):
                    last, failures = id_, 0
                    if data is not None:
                        yield json.loads(data)
                    elif not is_open:
                        is_open = True
                        yield None
            time.sleep(pause_after(0))  # the server has ended the stream, as it does when it stops
        except OrdersError as error:
            failures += 1
            api.pause(error, failures)


def _events(chunks: Iterator[bytes]) -> Iterator[tuple[int, str | None]]:
    """Yield the id and the data of each block that has an id; a stream begins with one that has no data."""
    id_: int | None = None
    data: str | None = None
    for line in _lines(chunks):
        field, _, value = line.partition(": ")
        if field == "id":
            id_ = int(value)
        elif field == "data":
            data = value
        elif not line and id_ is not None:
            yield id_, data
            id_ = data = None


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Split at line feeds alone: text may contain other separators of lines."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()
