"""Cursors of pages: any key comes back, and any other text is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.cursors import decode_cursor, encode_cursor

TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_a_cursor_has_no_character_that_a_url_or_a_shell_changes(parts: list[str]) -> None:
    cursor = encode_cursor(*parts)
    assert re.fullmatch("[A-Za-z0-9_-]+", cursor)
    assert decode_cursor(cursor, len(parts)) == parts


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda raw: raw.decode("latin-1")))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the cursor of an earlier page"):
        decode_cursor(text, 4)


@pytest.mark.parametrize("cursor", [encode_cursor("a"), encode_cursor("a", "b", "c"), "WzEsIDJd", "e30", "W" * 10_000])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="is not the cursor of an earlier page"):
        decode_cursor(cursor, 2)
