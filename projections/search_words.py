"""Words by which a search finds an order: without case and accents, divided at blanks.

A word with punctuation inside, such as an id, is kept whole; of most texts its parts are words as well.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST: Final = 64
"""Characters of a word; the rest of a longer one is cut off, in an order and in a search alike."""
# In PostgreSQL all words of a row may have 1 MiB; a character has at most four bytes.
_MOST: Final = 250_000
_WORD: Final = re.compile(r"[^\W_](?:[\w.\-/:#&+@]*[^\W_])?")
_PART: Final = re.compile(r"[^\W_]{2,}")
# Letters that Unicode does not take apart; and apostrophes, which people leave out.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ʼ": None}
)
_APOSTROPHES: Final = str.maketrans("", "", "'’‘`´ʼ")
_TRANSCRIBED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def folded(text: str) -> str:
    """The text in small letters, without accents and apostrophes."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    letters = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    return "".join(each for each in letters if not unicodedata.combining(each)).casefold().translate(_LETTERS)


def whole_words(text: str) -> list[str]:
    """The words of a text, ids and other words with punctuation inside as they are."""
    words: list[str] = []
    for token in folded(text).split():
        if token.isalnum():  # at once, as most words
            words.append(token[:LONGEST])
        else:
            words += [word[:LONGEST] for word in _WORD.findall(token)]
    return words


def words_and_parts(text: str) -> Iterator[str]:
    """The words of a text, and the parts of a word that has punctuation inside; numbers without leading zeros, too; ä, ö
    and ü also as ae, oe and ue."""
    for word in whole_words(text):
        yield word
        if not word.isalnum():
            for part in _PART.findall(word):
                yield part
                if part[0] == "0" and (number := part.lstrip("0")):
                    yield number
    if not text.isascii():
        composed = unicodedata.normalize("NFC", text.casefold())
        if (transcribed := composed.translate(_TRANSCRIBED)) != composed:
            yield from words_and_parts(transcribed)


def search_text(words: Iterable[str]) -> str:
    """The words, each once, joined by blanks as the column `search_text` has them; the last are left out where
    they are too many for PostgreSQL."""
    text = " ".join(dict.fromkeys(words))
    return text if len(text) <= _MOST else text[:_MOST].rpartition(" ")[0]
