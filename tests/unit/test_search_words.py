"""Words of a search: without case and accents, ids whole and in parts, within PostgreSQL's limits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.search_words import LONGEST, folded, search_text, whole_words, words_and_parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Zoë Müller", ["zoe", "muller"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("O'Brien O’Brien OBrien", ["obrien"] * 3),
        ("Łódź Ørsted Þór", ["lodz", "orsted", "thor"]),
        ("ada@example.com,", ["ada@example.com"]),
        ("(1, Mill Rd.)", ["1", "mill", "rd"]),
        ("Order-2026/0042", ["order-2026/0042"]),
        ("東京都 １２３", ["東京都", "123"]),
        ("a\x00b 'x':* \\ & | !", ["a", "b", "x"]),
        ("  -- ", []),
    ],
)
def test_words_are_without_case_accents_and_surrounding_punctuation(text: str, words: list[str]) -> None:
    assert whole_words(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shop-2026-0042", {"shop-2026-0042", "shop", "2026", "0042", "42"}),
        ("Anne-Marie", {"anne-marie", "anne", "marie"}),
        ("Jörg-Uwe Mueller", {"jorg-uwe", "jorg", "joerg", "uwe", "mueller"}),
    ],
)
def test_parts_of_a_word_are_words_too(text: str, words: set[str]) -> None:
    assert set(words_and_parts(text)) >= words


@given(st.text(st.characters() | st.sampled_from(" _-.\t\x1c\x85\u2003\u3000")))
def test_words_are_the_same_whether_a_text_is_divided_at_blanks_first_or_not(text: str) -> None:
    found = re.findall(r"[^\W_](?:[\w.\-/:#&+@]*[^\W_])?", folded(text))
    assert whole_words(text) == [word[:LONGEST] for word in found]


@given(st.text(max_size=300))
def test_every_beginning_of_a_word_finds_it(text: str) -> None:
    for word in whole_words(text):
        assert 0 < len(word) <= LONGEST
        assert word[0].isalnum()
        assert whole_words(word) == [word.rstrip("_.-/:#&+@")]


@given(st.lists(st.text(max_size=200), max_size=50))
def test_the_words_of_an_order_are_each_there_once_and_never_empty(texts: list[str]) -> None:
    words = search_text(word for text in texts for word in words_and_parts(text)).split(" ")
    assert words == [""] or len(set(words)) == len(words)
    assert "" not in words or words == [""]


def test_an_order_of_any_size_has_a_text_that_fits_postgresql() -> None:
    huge = search_text(words_and_parts(" ".join(f"{number}-" + "𐐨" * 127 for number in range(5_000))))
    assert len(huge.encode()) < 2**20
