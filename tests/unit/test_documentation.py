"""The documentation names existing files, functions, tests, make targets and settings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "orders_client" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([\w./-]+\.py):([\w.]+)`")
SQL = re.compile(r"`([\w./-]+\.sql):([\w.]+)`")
TEST = re.compile(r"`(tests/[\w./-]+\.py)(?:::(\w+))?`")
FOLDER = re.compile(r"^\| ((?:`[\w./-]+`(?:, )?)+) \|", re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def matches(pattern: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    """Page and groups of each match in all pages."""
    for page in PAGES:
        for match in pattern.finditer(page.read_text()):
            yield (named(page), *(group or "" for group in match.groups()))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{named(page)} links to {target}"
        assert not anchor or anchor in anchors(file), f"{named(page)} links to {target}"


def anchors(file: Path) -> set[str]:
    """Anchor of a heading: lower case, without punctuation, hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "path", "name"), list(matches(CODE)))
def test_every_name_in_the_code_that_is_spoken_of_is_defined_there(page: str, path: str, name: str) -> None:
    body = ast.parse((ROOT / path).read_text()).body
    for part in name.split("."):
        defined = definitions(body)
        assert part in defined, f"{page} speaks of {path}:{name}"
        body = getattr(defined[part], "body", [])


def definitions(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Functions, classes and constants by name."""
    found: dict[str, ast.stmt] = {}
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[statement.name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = statement
    return found


@pytest.mark.parametrize(("page", "path", "name"), list(matches(SQL)))
def test_every_function_of_the_database_that_is_spoken_of_is_created_there(page: str, path: str, name: str) -> None:
    created = re.findall(r"create (?:or replace )?(?:function|table|sequence) ([\w.]+)", (ROOT / path).read_text())
    assert name in created, f"{page} speaks of {path}:{name}"


@pytest.mark.parametrize(("page", "path", "name"), list(matches(TEST)))
def test_every_test_that_is_spoken_of_exists(page: str, path: str, name: str) -> None:
    assert (ROOT / path).exists(), f"{page} speaks of {path}"
    assert not name or f"def {name}(" in (ROOT / path).read_text(), f"{page} speaks of {path}::{name}"


def test_every_make_target_that_is_spoken_of_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    spoken_of = {name for _, name in matches(re.compile(r"`make ([a-z-]+)"))}
    assert {"demo", "test"} <= spoken_of <= targets


def test_the_readme_describes_every_folder_and_program_of_ours() -> None:
    rows = "".join(FOLDER.findall((ROOT / "README.md").read_text()))
    for described in re.findall(r"`([\w./-]+)`", rows):
        assert (ROOT / described).exists(), described
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {path.name for path in ROOT.glob("*.py")}
    undescribed = {name for name in ours if f"`{name}/`" not in rows and f"`{name}`" not in rows}
    assert not undescribed


def test_every_setting_is_described() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", operations))
    assert {str(field.alias) for field in Settings.model_fields.values()} <= described


def test_every_variable_of_ours_that_is_described_is_a_setting() -> None:
    spoken_of = {name for _, name in matches(re.compile(r"`(ORDERS_[A-Z_]+)"))}
    assert spoken_of <= {str(field.alias) for field in Settings.model_fields.values()}


@pytest.mark.parametrize("decision", DECISIONS, ids=named)
def test_every_decision_says_why_and_what_follows_in_half_a_page(decision: Path) -> None:
    lines = decision.read_text().splitlines()
    number = int(decision.name[:4])
    assert re.match(rf"# {number}\. \S", lines[0])
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings in (
        ["Context", "Decision", "Reason", "Consequences"],
        ["Context", "Decision", "Measurement", "Consequences"],
        ["Context", "Decision", "Reason", "Measurement", "Consequences"],
    )
    assert len(lines) <= 45


def test_the_decisions_are_numbered_without_a_gap() -> None:
    assert [int(decision.name[:4]) for decision in DECISIONS] == list(range(1, len(DECISIONS) + 1))
