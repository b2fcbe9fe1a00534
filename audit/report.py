"""Result of an audit: for each check its claim, its figures and its findings."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

STREAMS: Final = "streams"
MONEY: Final = "money"
LABELS: Final = "labels"
STOCK: Final = "stock"
MESSAGES: Final = "messages"
OPEN_ORDERS: Final = "open-orders"
READ_MODELS: Final = "read-models"

CLAIMS: Final = {
    STREAMS: "every order's stream folds legally",
    MONEY: "money kept is the total less refunds where shipped, nothing where cancelled",
    LABELS: "one live label where shipped, none where cancelled",
    STOCK: "stock put in minus shipped is stock now and held by open orders",
    MESSAGES: "each message published once for each shipped order, none for others",
    OPEN_ORDERS: "every open order has a running workflow or a reason",
    READ_MODELS: "each read model equals a fold of the log",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim that does not hold. check: one of CLAIMS; subject: the order, SKU, message or row concerned."""

    check: str
    subject: str
    problem: str


@dataclass(slots=True)
class CheckResult:
    """One check. numbers: its figures by name; notes: further facts for a reader."""

    name: str
    numbers: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def claim(self) -> str:
        return CLAIMS[self.name]

    @property
    def holds(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """In wire spelling; the findings are the report's."""
        return {
            "check": self.name,
            "claim": self.claim,
            "holds": self.holds,
            "numbers": dict(self.numbers),
            "notes": self.notes,
        }


@dataclass(slots=True)
class AuditReport:
    """All checks. position: the log's settled head when the audit began. open_orders: how many there are, by reason."""

    position: int
    checks: dict[str, CheckResult] = field(default_factory=lambda: {name: CheckResult(name) for name in CLAIMS})
    open_orders: Counter[str] = field(default_factory=Counter)

    @property
    def findings(self) -> list[Finding]:
        return [finding for check in self.checks.values() for finding in check.findings]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks.values())

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.checks[finding.check].findings.append(finding)

    def count(self, check: str, what: str, number: int = 1) -> None:
        self.checks[check].numbers[what] += number

    def as_json(self) -> dict[str, Any]:
        """The whole report in wire spelling, every finding included."""
        return {
            "holds": self.holds,
            "position": self.position,
            "checks": [check.as_json() for check in self.checks.values()],
            "openOrders": dict(self.open_orders),
            "findings": [
                {"check": each.check, "subject": each.subject, "problem": each.problem} for each in self.findings
            ],
        }
