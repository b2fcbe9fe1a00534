"""Problem documents (RFC 9457), the form of every error response."""

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
    """One fault: its place, by JSON pointer into the body ("" is the whole body) or by parameter, and its description."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    detail: str


@dataclass
class Problem(Exception):
    """An error response. kind: the last part of the document's type. left_out: the number of
    faults beyond `errors`. members: further members of the document (RFC 9457, 3.2)."""

    status: int
    kind: str
    detail: str
    errors: Sequence[FaultDocument] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0
    members: Mapping[str, Any] = field(default_factory=dict)

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """Return the problem document with at most MAX_FAULTS faults."""
        shown = self.errors[:MAX_FAULTS]
        more = self.left_out + len(self.errors) - len(shown)
        return {
            "type": TYPE + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail if not more else f"{self.detail} ({more:,} more faults are left out)",
            **({"instance": instance} if instance else {}),
            **({"errors": list(shown)} if shown else {}),
            **self.members,
        }


class Unauthorized(Problem):
    """The request has no valid API key."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="orders"'})


class Forbidden(Problem):
    """The caller's role does not allow the request."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, "forbidden", detail)


class Invalid(Problem):
    """The request is not valid."""

    def __init__(self, detail: str, errors: Sequence[FaultDocument] = (), left_out: int = 0) -> None:
        errors = errors or [{"pointer": "", "detail": detail}]
        super().__init__(422, "invalid-request", detail, errors, left_out=left_out)


class NotFound(Problem):
    """The requested resource does not exist."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, "not-found", detail)


def parameter_fault(name: str, detail: str) -> Invalid:
    """Build the problem of an invalid parameter of the path, the query or the headers."""
    return parameter_faults([(name, detail)])


def parameter_faults(faults: Sequence[tuple[str, str]]) -> Invalid:
    """Build the problem of invalid parameters, each with its description."""
    sentence = " ".join(faults[0]) if len(faults) == 1 else "the query is not valid"
    return Invalid(sentence, [{"parameter": name, "detail": detail} for name, detail in faults])


def problem_response(problem: Problem, *, instance: str | None = None) -> JSONResponse:
    return JSONResponse(
        problem.document(instance), problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE
    )
