"""given(events).when(command).then(events) or .refuses(error): a language for rules of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import pytest

from orders.commands import Command
from orders.decide import decide
from orders.errors import OrderError
from orders.events import Event
from orders.evolve import fold
from orders.state import State

Refusal = TypeVar("Refusal", bound=OrderError)


@dataclass(frozen=True)
class Given:
    state: State

    def when(self, command: Command) -> When:
        return When(self.state, command)


@dataclass(frozen=True)
class When:
    state: State
    command: Command

    def then(self, *events: Event) -> None:
        assert decide(self.command, self.state) == list(events)

    def then_nothing(self) -> None:
        assert decide(self.command, self.state) == []

    def refuses(self, error: type[Refusal]) -> Refusal:
        with pytest.raises(error) as refusal:
            decide(self.command, self.state)
        return refusal.value


def given(*events: Event) -> Given:
    return Given(fold(events))
