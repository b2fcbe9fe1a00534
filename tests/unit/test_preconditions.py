"""The header If-Match, as RFC 9110 writes and compares entity tags."""

import pytest

from web.preconditions import etag, versions_of
from web.problems import Problem


@pytest.mark.parametrize(
    ("lines", "versions"),
    [
        (['"3"'], {3}),
        (['"3", "4"'], {3, 4}),
        (['"3"', '"4"'], {3, 4}),
        ([' ,\t"3" ,,"4",'], {3, 4}),
        (['W/"3"'], set()),
        (['W/"3", "4"'], {4}),
        (['"a,b", "5"'], {5}),
        (['""'], set()),
        (['"03", "-1", "0", "3.0", "é", "99999999999999999999"'], set()),
    ],
    ids=[
        "one",
        "list",
        "two lines",
        "empty elements",
        "weak",
        "weak and strong",
        "comma in a tag",
        "empty",
        "no version",
    ],
)
def test_only_strong_tags_of_versions_match(lines: list[str], versions: set[int]) -> None:
    assert versions_of(lines) == frozenset(versions)


def test_a_star_accepts_any_version() -> None:
    assert versions_of(["*"]) is None
    assert versions_of([" *\t"]) is None


@pytest.mark.parametrize(
    "text", ["", ",", "3", '"3', '3"', '"3" "4"', '"3";', '*, "3"', '"3", *', 'w/"3"', 'W/ "3"', '"a b"', "'3'", "**"]
)
def test_a_malformed_header_is_a_problem_of_its_own(text: str) -> None:
    with pytest.raises(Problem) as refused:
        versions_of([text])
    assert (refused.value.status, refused.value.kind) == (400, "malformed-header")
    assert refused.value.errors[0]["parameter"] == "If-Match"


def test_the_tag_of_a_version_is_strong_and_is_read_back() -> None:
    assert etag(7) == '"7"'
    assert versions_of([etag(7)]) == frozenset({7})
