"""Wording that a reader cannot search for: `python -m tests.words`, run by `make check`.

Docstrings, comments, names and messages name the thing: a docstring begins with a noun or an imperative verb, no clause
stands for a noun, and data is sent, recorded or returned. In tests, strings are data, and titles are sentences.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

HEADLESS: Final = re.compile(
    r"(What|Whatever|Who|Whoever|Whose|Which|How|Whether|Where|Wherever|When|Whenever|Why|That|Those|These|It|Its|They|"
    r"Others?|Somebody|Anybody|Nobody|Everybody|Something|Nothing|By what|By how|By whom|Of what|Of whom)\b"
)
"""How a docstring does not begin."""

CLAUSE: Final = re.compile(r"\b(what|others)\b", re.IGNORECASE)
"""Not in the first sentence of a docstring."""

GOSSIP: Final = re.compile(
    r"\b(whatever|whoever|whichever|wherever|somebody|anybody|nobody|everybody|somebody's|nobody's|tells?|telling|told|untold|"
    r"says?|saying|said|unsaid|hears?|hearing|heard|meets?|twins?|under way|whereof|stands still|standing still|set aside|"
    r"as it stands)\b",
    re.IGNORECASE,
)
"""Not anywhere in a docstring, a comment, a message or the documentation."""

NAMES: Final = re.compile(
    r"(^|_)(tell|tells|told|untold|say|says|said|hear|hears|heard|unheard|twin|twins|aside|whoever|nobody|somebody|anybody|"
    r"stands)(_|$)|^_?take$",
)
"""Not a function's, a class's, a module's, a field's or a variable's name. Test titles are sentences and exempt."""


class Fault(NamedTuple):
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def in_python(file: str, source: str) -> Iterator[Fault]:
    """Faults of a Python file."""
    tree = ast.parse(source)
    docstrings: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (text := ast.get_docstring(node)) is not None:
            constant = node.body[0].value  # type: ignore[attr-defined]
            docstrings.add(id(constant))
            yield from _docstring(file, constant.lineno, text)
    if not file.startswith("tests/"):
        yield from _strings(file, tree, docstrings)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from _gossip(file, token.start[0], token.string)
        elif token.type == tokenize.NAME and NAMES.search(token.string) and not token.string.startswith("test_"):
            yield Fault(file, token.start[0], f"the name {token.string}")


def _strings(file: str, tree: ast.Module, docstrings: set[int]) -> Iterator[Fault]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and id(node) not in docstrings
        ):
            yield from _gossip(file, node.lineno, node.value)


def _docstring(file: str, line: int, text: str) -> Iterator[Fault]:
    first = re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0]
    if found := HEADLESS.match(text):
        yield Fault(file, line, f"begins with {found[0]!r}: {first[:80]}")
    elif found := CLAUSE.search(first):
        yield Fault(file, line, f"{found[0]!r} in the first sentence: {first[:80]}")
    yield from _gossip(file, line, text)


def in_text(file: str, source: str) -> Iterator[Fault]:
    """Faults of documentation, its code left out."""
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        if not fenced:
            yield from _gossip(file, number, re.sub(r"`[^`]*`", "", line))


def _gossip(file: str, line: int, text: str) -> Iterator[Fault]:
    for number, each in enumerate(text.splitlines()):
        for found in GOSSIP.finditer(each):
            yield Fault(file, line + number, f"{found[0]!r}: {each.strip()[:100]}")


def faults() -> Iterator[Fault]:
    """Faults of all tracked code and documentation."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", ":!CHANGELOG.md"], capture_output=True, text=True, check=True
    )
    for file in filter(Path.exists, map(Path, listed.stdout.split())):
        yield from (in_python if file.suffix == ".py" else in_text)(str(file), file.read_text())


if __name__ == "__main__":
    found = [str(each) for each in faults() if not sys.argv[1:] or each.file.startswith(tuple(sys.argv[1:]))]
    sys.exit("\n".join(found) or None)
