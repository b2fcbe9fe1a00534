"""Every error as a problem document of RFC 9457, and every error of ours as one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NotRequired, TypedDict

from fastapi.responses import JSONResponse

TYPE: Final = "urn:orders:problem:"
MEDIA_TYPE: Final = "application/problem+json"
MAX_FAULTS: Final = 1_000
RETRY_AFTER: Final = {"Retry-After": "2"}


class FaultDocument(TypedDict):
    """One thing that is wrong: where, by JSON pointer into the body ("" is all of it) or by parameter; and what."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    detail: str


@dataclass
class Problem(Exception):
    """What is answered in the place of a result. kind: the last part of the document's type. left_out: the number of
    faults beyond `errors`."""

    status: int
    kind: str
    detail: str
    errors: Sequence[FaultDocument] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """The problem document; at most a thousand of the faults."""
        told = self.errors[:MAX_FAULTS]
        more = self.left_out + len(self.errors) - len(told)
        return {
            "type": TYPE + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail if not more else f"{self.detail} ({more:,} more faults are left out)",
            **({"instance": instance} if instance else {}),
            **({"errors": list(told)} if told else {}),
        }


class Unauthorized(Problem):
    """It is not known who is asking."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="orders"'})


class Forbidden(Problem):
    """Whoever is asking may not do that."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, "forbidden", detail)


class Invalid(Problem):
    """The request says something that cannot be meant."""

    def __init__(self, detail: str, errors: Sequence[FaultDocument] = (), left_out: int = 0) -> None:
        errors = errors or [{"pointer": "", "detail": detail}]
        super().__init__(422, "invalid-request", detail, errors, left_out=left_out)


class NotFound(Problem):
    """There is no such thing."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, "not-found", detail)


def parameter_fault(name: str, detail: str) -> Invalid:
    """One parameter of the path, the query or the headers is wrong."""
    return Invalid(f"{name} {detail}", [{"parameter": name, "detail": detail}])


def problem_response(problem: Problem, *, instance: str | None = None) -> JSONResponse:
    """The problem as it is sent."""
    return JSONResponse(
        problem.document(instance), problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE
    )
