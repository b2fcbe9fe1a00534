"""ETag of an order's version, the precondition If-Match of acts on an order, and If-None-Match of reading one (RFC 9110, 8.8.3,
13.1.1 and 13.1.2)."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from web.problems import MEDIA_TYPE, Problem

HEADER: Final = "If-Match"
# One element of the list, which may be empty. A comma may stand within a tag. Possessive: no text takes quadratic time.
_ELEMENT: Final = re.compile(r'[ \t]*+(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"[ \t]*+)?(?:,|\Z)')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_DESCRIPTION: Final = (
    "entity tags of the versions of the order that the request accepts; `*` accepts any, as no header does"
)
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {
        "description": f"{HEADER} is malformed",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    },
    412: {
        "description": f"The order is at none of the versions of {HEADER}; nothing was changed",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/OrderChangedProblem"}}},
    },
}
"""The problems of a request with If-Match, for its description."""
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "The order is at a version of If-None-Match: the client has this document"}
}
REVALIDATED: Final = "private, no-cache"
"""Cache-Control of an order: the client's own cache keeps it, and asks before each use."""
KnownVersions = Annotated[
    list[str] | None,
    Header(alias="If-None-Match", description="entity tags of the versions that the client has; one of them is 304"),
]


def etag(version: int) -> str:
    """The entity tag of an order at this version."""
    return f'"{version}"'


def expected_versions(
    if_match: Annotated[list[str] | None, Header(alias=HEADER, description=_DESCRIPTION)] = None,
) -> frozenset[int] | None:
    """The versions that a request accepts, None for any. Raises a Problem where the header is malformed.

    The comparison is strong: a weak tag, and a tag that no version of an order has, match nothing.
    """
    return None if if_match is None else versions_of(if_match)


def versions_of(lines: Sequence[str]) -> frozenset[int] | None:
    """Parse the header's lines, which are one list."""
    text = ", ".join(lines).strip(" \t")
    if text == "*":
        return None
    tags = list(_tags(text))
    if not tags:
        raise _malformed()
    return frozenset(int(tag) for is_weak, tag in tags if not is_weak and _VERSION.fullmatch(tag))


def is_known(lines: Sequence[str] | None, version: int) -> bool:
    """True where the client has this version. The comparison is weak; a malformed header is as none."""
    text = ", ".join(lines or ()).strip(" \t")
    try:
        return text == "*" or any(tag == str(version) for _, tag in _tags(text))
    except Problem:
        return False


def _tags(text: str) -> Iterator[tuple[bool, str]]:
    position = 0
    while position < len(text):
        element = _ELEMENT.match(text, position)
        if element is None:
            raise _malformed()
        if element[2] is not None:
            yield element[1] is not None, element[2]
        position = element.end()


def _malformed() -> Problem:
    detail = 'must be *, or a list of entity tags in double quotes such as "3"'
    return Problem(400, "malformed-header", f"{HEADER} {detail}", [{"parameter": HEADER, "detail": detail}])


Expected = Annotated[frozenset[int] | None, Depends(expected_versions)]
