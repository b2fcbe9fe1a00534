"""The determinism check, on copies of the workflow modules with one more line."""

from collections.abc import Iterator

import pytest
from temporalio.worker.workflow_sandbox import SandboxMatcher, SandboxRestrictions

from tests.determinism import check, modules, problems, source_of

OURS = frozenset({"activities", "orders", "webhooks", "workflows"})
FORBIDDEN = [
    "import time; time.time()",
    "from time import monotonic as clock; clock()",
    "from datetime import datetime; datetime.now()",
    "from datetime import datetime as clock; when = clock; when.utcnow()",
    "import datetime; datetime.date.today()",
    "from datetime import UTC, datetime; default = datetime.now",
    "from datetime import datetime; datetime.fromtimestamp(0)",
    "from datetime import datetime; datetime(2026, 1, 1).astimezone()",
    "import random; random.random()",
    "from random import *",
    "import secrets; secrets.token_hex()",
    "import uuid; uuid.uuid4()",
    "from uuid import uuid1; uuid1()",
    "import uuid; made = uuid; made.uuid4()",
    "import os; os.environ['A']",
    "from os import getenv, urandom; getenv('A')",
    "import os.path as path; path.exists('a')",
    "import socket; socket.socket()",
    "import threading; threading.Lock()",
    "from concurrent.futures import ThreadPoolExecutor",
    "import subprocess",
    "import sys; sys.argv",
    "import asyncpg",
    "import httpx",
    "from temporalio.client import Client",
    "from temporalio import activity",
    "import importlib; importlib.import_module('time')",
    "from pathlib import Path; Path('a').exists()",
    "import asyncio; asyncio.wait([])",
    "import asyncio; asyncio.to_thread(print)",
    "import asyncio as aio; aio.get_event_loop()",
    "from asyncio import open_connection",
    "import asyncio.subprocess",
    "open('a')",
    "reading = open",
    "input()",
    "hash('a')",
    "id(object())",
    "__import__('time')",
    "eval('1')",
    "getattr(object, 'now')",
    "for each in {'a', 'b'}: print(each)",
    "[each for each in set('ab')]",
    "list({'a'} | set('b'))",
    "global shared; shared = 1",
]
ALLOWED = [
    "from temporalio import workflow; workflow.now(); workflow.uuid4(); workflow.random()",
    "import asyncio; asyncio.create_task; asyncio.sleep(1)",
    "from datetime import UTC, datetime; datetime(2026, 1, 1, tzinfo=UTC).astimezone(UTC)",
    "from uuid import UUID, uuid5; uuid5(UUID(int=0), 'a')",
    "sorted({'a', 'b'}); 'a' in {'a'}",
    "from workflows.options import ROUND_LAST",
]


def with_line(module: str, line: str) -> str:
    return f"{source_of(module).read_text()}\n\ndef added():\n    {line}\n"


def test_the_modules_of_the_workflows_answer_alike_in_a_replay() -> None:
    assert check() == []


def test_the_modules_are_those_of_the_workflows_and_all_that_they_import() -> None:
    found = set(modules())
    assert {"workflows.fulfill_order", "workflows.steps", "webhooks.workflow"} <= found
    assert {"activities.signatures", "orders.events", "orders.reference"} <= found
    assert "inventory.stock" not in found


@pytest.mark.parametrize("line", FORBIDDEN)
def test_a_line_that_may_answer_differently_is_found_in_every_real_module(line: str) -> None:
    missed = [module for module in modules() if problems(with_line(module, line), OURS) == problems_of(module)]
    assert missed == []


@pytest.mark.parametrize("line", ALLOWED)
def test_a_line_that_answers_alike_is_taken(line: str) -> None:
    assert problems(with_line("workflows.steps", line), OURS) == []


def restricted(matcher: SandboxMatcher, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Functions that Temporal's sandbox restricts at run time, each as a path of names."""
    yield from ((*path, name) for name in matcher.access | matcher.use)
    for name, child in matcher.children.items():
        yield from restricted(child, (*path, name))


@pytest.mark.parametrize("path", sorted(restricted(SandboxRestrictions.invalid_module_members_default)), ids=".".join)
def test_what_the_sandbox_would_stop_is_found(path: tuple[str, ...]) -> None:
    names = [name for name in path if name != "*"]
    line = f"{names[1]}()" if names[0] == "__builtins__" else f"import {names[0]}; {'.'.join(names)}"
    assert problems(with_line("workflows.steps", line), OURS) != []


def problems_of(module: str) -> list[str]:
    return problems(source_of(module).read_text(), OURS)
