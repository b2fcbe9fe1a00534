"""The Python client against scripted answers: attempts, pauses, errors, streams; and its package."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

import httpx
import pytest

from orders_client import (
    Conflict,
    InvalidRequest,
    NoAnswer,
    NotFound,
    Orders,
    OrdersError,
    ProblemError,
    TooManyRequests,
    Unavailable,
)

ROOT = Path(__file__).parents[2]
ACTED = {"orderId": "a", "changed": True}
Answer = httpx.Response | Exception


class Script(httpx.BaseTransport):
    """Gives one answer after another, the last one from then on, and keeps the requests."""

    def __init__(self, *answers: Callable[[], Answer]) -> None:
        self.answers, self.requests = answers, list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> set[str | None]:
        return {request.headers.get("Idempotency-Key") for request in self.requests}


def done() -> Answer:
    return httpx.Response(202, json=ACTED)


def lost() -> Answer:
    return httpx.ReadError("connection reset")


def refused(status: int, kind: str = "x", *, retry_after: str | None = None) -> Callable[[], Answer]:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    document = {"type": f"urn:orders:problem:{kind}", "title": "T", "status": status, "detail": "D"}
    return lambda: httpx.Response(status, json=document, headers=headers)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that the client asks for; none is made."""
    asked = list[float]()
    monkeypatch.setattr("orders_client.transport.time.sleep", asked.append)
    return asked


def orders(script: Script, tries: int = 5) -> Orders:
    return Orders("http://api", "key", tries=tries, transport=script)


def test_a_request_without_an_answer_is_repeated_under_the_same_key(pauses: list[float]) -> None:
    script = Script(lost, refused(500), done)
    assert orders(script).order("a").hold("x")["changed"]
    assert (len(script.requests), len(script.keys), None in script.keys) == (3, 1, False)
    assert len({request.content for request in script.requests}) == 1
    assert len(pauses) == 2


def test_the_pause_is_that_of_retry_after(pauses: list[float]) -> None:
    script = Script(
        refused(503, retry_after="7"),
        refused(429, retry_after="3"),
        refused(409, "idempotency-key-in-use", retry_after="1"),
        done,
    )
    orders(script).order("a").release()
    assert pauses == [7, 3, 1]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(lost, NoAnswer), (refused(503, retry_after="1"), Unavailable), (refused(429, retry_after="1"), TooManyRequests)],
)
def test_there_are_never_more_attempts_than_tries(
    answer: Callable[[], Answer], error: type[OrdersError], pauses: list[float]
) -> None:
    script = Script(answer)
    with pytest.raises(error):
        orders(script, tries=3).order("a").get()
    assert (len(script.requests), len(pauses)) == (3, 2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(422), InvalidRequest),
        (refused(404), NotFound),
        (refused(409), Conflict),
        (refused(418), ProblemError),
        (refused(429, retry_after="3600"), TooManyRequests),
    ],
)
def test_a_final_refusal_is_not_repeated(
    answer: Callable[[], Answer], error: type[OrdersError], pauses: list[float]
) -> None:
    script = Script(answer)
    with pytest.raises(error) as raised:
        orders(script).order("a").hold("x")
    assert (type(raised.value), len(script.requests), pauses) == (error, 1, [])


def test_an_error_page_of_a_proxy_is_an_error_with_its_status(pauses: list[float]) -> None:
    with pytest.raises(Unavailable, match="502") as raised:
        orders(Script(lambda: httpx.Response(502, text="<html>Bad Gateway</html>")), tries=1).order("a").get()
    assert (raised.value.status, raised.value.kind) == (502, "about:blank")


def test_a_key_of_the_caller_and_an_expected_version_are_sent() -> None:
    script = Script(done)
    orders(script).order("a/b").cancel("x", idempotency_key="mine", expected_version=5)
    [request] = script.requests
    assert request.url.raw_path == b"/v1/orders/a%2Fb/cancel"
    assert (request.headers["Idempotency-Key"], request.headers["If-Match"]) == ("mine", '"5"')
    assert request.headers["Authorization"] == "Bearer key"


class Cut(httpx.SyncByteStream):
    """A body of some bytes, then a broken connection."""

    def __init__(self, *chunks: str) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from (chunk.encode() for chunk in self.chunks)
        raise httpx.ReadError("connection reset")


def event(position: int, **data: Any) -> str:
    return f"event: order\ndata: {json.dumps(data, ensure_ascii=False)}\nid: {position}\n\n"


def test_a_stream_resumes_after_the_last_event_received(pauses: list[float]) -> None:
    script = Script(
        lambda: httpx.Response(200, stream=Cut(": open\nid: 7\n\n")),
        lambda: httpx.Response(
            200, stream=Cut(": open\nid: 7\n\n", event(9, n=1)[:12], event(9, n=1)[12:] + ": ping\n\n")
        ),
        refused(503, retry_after="1"),
        lambda: httpx.Response(200, stream=Cut(": open\nid: 9\n\n", event(12, n="one\u2028line"), event(13, n=3)[:-1])),
        lambda: httpx.Response(200, stream=Cut(": open\nid: 12\n\n", event(13, n=3))),
    )
    changes = orders(script).events()
    assert len(script.requests) == 1, "it begins when it is asked for"
    assert [next(changes) for _ in range(3)] == [{"n": 1}, {"n": "one\u2028line"}, {"n": 3}]
    assert [request.headers.get("Last-Event-ID") for request in script.requests] == [None, "7", "9", "9", "12"]


def test_a_stream_that_is_refused_raises_when_it_is_asked_for() -> None:
    with pytest.raises(NotFound):
        orders(Script(refused(404))).order("a").events()


def test_its_package_needs_httpx_alone(tmp_path: Path) -> None:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", tmp_path)
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, ROOT / "orders_client"], check=True, cwd=tmp_path)
    [wheel] = tmp_path.glob("orders_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        [metadata] = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    modules = {f"orders_client/{file.name}" for file in (ROOT / "orders_client").glob("*.py")}
    assert names == modules | {"orders_client/py.typed"}
    assert Parser().parsestr(metadata).get_all("Requires-Dist") == ["httpx>=0.28"]
    loaded = "import sys, orders_client; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-P", "-c", loaded], check=True, capture_output=True, text=True, env={"PYTHONPATH": str(wheel)}
    ).stdout.split()
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"orders_client"}
    assert ours & set(imported) == set()
