"""Generates sequences from seeds: the same seed makes the same sequence on every machine."""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from explore.providers import FaultKind, Operation
from explore.sequence import AFTER_ALL, Act, Kind, OrderPlan, Sequence
from explore.stripe_books import AUTHENTICATES, DEBIT, DECLINED_CARD

_KINDS: Final[Mapping[Kind, int]] = {
    "ships": 80, "without a label": 6, "out of stock": 5, "declined": 5, "free of charge": 4,
    "debited": 6, "authenticated": 4,
}  # fmt: skip
_UNPAID: Final[Mapping[Kind, int]] = {"declined": 40, "debited": 30, "authenticated": 30}
# Ids that contain the separator and names of steps, and so collide with names derived from other ids.
_SUFFIXES: Final = (":return-payment:y", ":record-requested-refund", ":charge-payment", ":create-shipment", "-2")
_REFUND_IDS: Final = ("z", "y:return-payment:z", "confirm", "record-payment", "r")
_PAYMENTS: Final[Mapping[Operation, int]] = {
    "intent.create": 2, "intent.confirm": 5, "intent.capture": 3, "intent.cancel": 2, "intent.read": 2,
}  # fmt: skip
_REFUNDS: Final[Mapping[Operation, int]] = {"refund.create": 6, "refund.list": 1}
_LABELS: Final[Mapping[Operation, int]] = {
    "shipment.create": 2, "shipment.rerate": 2, "shipment.buy": 5, "shipment.read": 2, "shipment.refund": 4,
}  # fmt: skip
_FAULTS: Final[Mapping[FaultKind, int]] = {"before": 3, "after": 4, "late": 5, "stored": 4, "busy": 1}
# Answers that are no faults, by operation.
_ANSWERS: Final[Mapping[str, Mapping[FaultKind, int]]] = {
    "shipment.create": {"no rates": 5, "refused": 2}, "shipment.rerate": {"no rates": 5},
    "shipment.buy": {"unable": 5, "expired": 3}, "refund.create": {"pending": 6, "refused": 3},
}  # fmt: skip
_WORKFLOWS: Final = ("fulfill-order", "fulfill-order", "fulfill-order", "validate-order", "refund-order")
_LAST_BOUNDARY: Final = 26  # about the number of an undone order
_IN_PROGRESS: Final = (6, 16)  # from the charge until the order has shipped
_OPENED: Final = 0.8
_MOST_ACTS: Final = 6

Dice = random.Random


def generate(seed: int) -> Sequence:
    """Generate a sequence. A theme weights its acts; half of the sequences have all acts at about the same moment."""
    dice = random.Random(f"explore:{seed}")
    theme = dice.choice(list(_THEMES))
    orders = [_order(dice, "", _UNPAID if theme == "payments" else _KINDS)]
    if dice.random() < (0.5 if theme == "refunds" else 0.05):
        orders.append(_order(dice, dice.choice(_SUFFIXES), _KINDS))
    moment = dice.randrange(_LAST_BOUNDARY) if dice.random() < 0.5 else None
    acts = [_act(dice, theme, dice.randrange(len(orders)), moment) for _ in range(dice.randint(1, _MOST_ACTS))]
    if dice.random() < _OPENED:
        acts.append(_opening(dice, theme, moment))
    webhooks = dice.random() < 0.7
    return Sequence(seed, tuple(orders), tuple(sorted(acts, key=lambda act: act.at)), webhooks)


def _order(dice: Dice, suffix: str, kinds: Mapping[Kind, int]) -> OrderPlan:
    return OrderPlan(_drawn(dice, kinds), suffix, held_money=dice.random() < 0.4, waits=dice.random() < 0.4)


def _opening(dice: Dice, theme: str, moment: int | None) -> Act:
    """The act that makes a theme's other acts relevant: mostly a cancel between the charge and the order's end."""
    what = _OPENINGS[theme](dice)
    at = AFTER_ALL if what == "refund" else dice.randrange(*_IN_PROGRESS) if moment is None else moment
    return Act(0, at, what, _DETAILS.get(what, _nothing)(dice, theme))


def _act(dice: Dice, theme: str, order: int, moment: int | None) -> Act:
    what = _drawn(dice, _THEMES[theme])
    at = dice.randrange(_LAST_BOUNDARY) if moment is None else moment + dice.randrange(4)
    if what == "fault" and dice.random() < 0.7:
        at = 0  # set before its call
    if what in ("refund", "close refund") or dice.random() < 0.15:
        at = AFTER_ALL
    return Act(order, at, what, _DETAILS.get(what, _nothing)(dice, theme))


def _drawn(dice: Dice, weights: Mapping[Any, int]) -> Any:
    return dice.choices(list(weights), list(weights.values()))[0]


def _nothing(dice: Dice, theme: str) -> dict[str, Any]:
    return {}


def _awaited(dice: Dice, theme: str) -> dict[str, Any]:
    return {"heard": dice.random() < 0.7}


def _cancel(dice: Dice, theme: str) -> dict[str, Any]:
    return {"by": dice.choice(("customer", "operator")), **_awaited(dice, theme)}


def _refund(dice: Dice, theme: str) -> dict[str, Any]:
    return {"id": dice.choice(_REFUND_IDS), "amount": dice.choice((700, 1_000, 3_000))}


def _workflow(dice: Dice, theme: str) -> dict[str, Any]:
    return {"workflow": "refund-order" if theme == "refunds" else dice.choice(_WORKFLOWS)}


def _reset(dice: Dice, theme: str) -> dict[str, Any]:
    return {**_workflow(dice, theme), "to": round(dice.random(), 2)}


def _restore(dice: Dice, theme: str) -> dict[str, Any]:
    return {"to": round(dice.random(), 2), "rewound": dice.random() < 0.6}


def _fault(dice: Dice, theme: str) -> dict[str, Any]:
    operation = _drawn(dice, _BROKEN.get(theme, {**_PAYMENTS, **_REFUNDS, **_LABELS}))
    kind = _drawn(dice, {**_FAULTS, **_ANSWERS.get(operation, {})})
    return {"operation": operation, "kind": kind, "calls": dice.choice((1, 1, 1, 2, 7, 15, 30))}


def _by_hand(dice: Dice, theme: str) -> dict[str, Any]:
    return {"amount": dice.choice((500, 1_000, None))}


def _closing(dice: Dice, theme: str) -> dict[str, Any]:
    outcome = dice.choice(("withdrawn", "settled_elsewhere"))
    return {"id": dice.choice((*_REFUND_IDS, "cancellation")), "outcome": outcome}


def _retry(dice: Dice, theme: str) -> dict[str, Any]:
    choice = dice.choice(({}, {"carrier": "UPS", "service": "Ground"}, {"carrier": "UPS", "service": "Express"}))
    return {**choice, **_awaited(dice, theme)}


def _pay(dice: Dice, theme: str) -> dict[str, Any]:
    return {"method": dice.choice(("pm_card_visa", DECLINED_CARD, DEBIT, AUTHENTICATES)), **_awaited(dice, theme)}


def _succeeds(dice: Dice, theme: str) -> dict[str, Any]:
    return {"succeeds": dice.random() < 0.5}


def _won(dice: Dice, theme: str) -> dict[str, Any]:
    return {"won": dice.random() < 0.5}


def _webhooks(dice: Dice, theme: str) -> dict[str, Any]:
    return {"times": dice.choice((1, 2)), "newest_first": dice.random() < 0.5}


def _zombie(dice: Dice, theme: str) -> dict[str, Any]:
    return {"boundaries": dice.randint(1, 12)}


def _unsent(dice: Dice, theme: str) -> dict[str, Any]:
    return {"messages": dice.choice((1, 1, 2))}


_DETAILS: Final[Mapping[str, Callable[[Dice, str], dict[str, Any]]]] = {
    "cancel": _cancel,
    "release": _awaited,
    "retry": _retry,
    "pay": _pay,
    "close refund": _closing,
    "refund": _refund,
    "cancel in Temporal": _workflow,
    "terminate": _workflow,
    "reset": _reset,
    "restore": _restore,
    "zombie": _zombie,
    "unsent": _unsent,
    "fault": _fault,
    "refund by hand": _by_hand,
    "capture by hand": _by_hand,
    "dispute": _by_hand,
    "disputes end": _won,
    "refunds end": _succeeds,
    "processing ends": _succeeds,
    "customer authenticates": _succeeds,
    "webhooks": _webhooks,
}
_BROKEN: Final[Mapping[str, Mapping[Operation, int]]] = {
    "money": {**_PAYMENTS, **_REFUNDS},
    "labels": _LABELS,
    "refunds": _REFUNDS,
    "payments": _PAYMENTS,
}
_THEMES: Final[Mapping[str, Mapping[str, int]]] = {
    "anything": {
        "cancel": 14, "hold": 7, "release": 5, "retry": 5, "refund": 5, "cancel in Temporal": 4, "terminate": 5,
        "reset": 7, "restore": 7, "kill": 8, "zombie": 4, "unsent": 4, "fault": 20, "land": 3, "refund by hand": 4,
        "void by hand": 2, "refund bounces": 2, "webhooks": 5, "sold elsewhere": 3, "days pass": 2,
        "pay": 4, "customer authenticates": 4, "processing ends": 4, "close refund": 3, "dispute": 3, "disputes end": 3,
    },
    "history": {
        "cancel": 14, "hold": 8, "release": 6, "retry": 6, "cancel in Temporal": 6, "terminate": 7, "reset": 12,
        "restore": 14, "kill": 10, "zombie": 8, "unsent": 10, "fault": 4, "sold elsewhere": 3,
    },
    "money": {
        "cancel": 20, "fault": 30, "land": 4, "kill": 5, "refund by hand": 12, "void by hand": 5, "refund bounces": 5,
        "webhooks": 10, "retry": 5, "days pass": 3, "sold elsewhere": 5, "capture by hand": 6, "dispute": 8,
        "disputes end": 5, "processing ends": 5, "reconcile": 4,
    },
    "labels": {
        "cancel": 20, "fault": 35, "land": 6, "kill": 8, "zombie": 5, "retry": 5, "days pass": 5, "hold": 4,
        "release": 4, "terminate": 4,
    },
    "refunds": {
        "refund": 40, "fault": 20, "refund by hand": 14, "refund bounces": 6, "webhooks": 8, "retry": 6, "kill": 5,
        "terminate": 4, "reset": 4, "land": 3, "close refund": 16, "refunds end": 10, "dispute": 8, "disputes end": 6,
        "reconcile": 5,
    },
    "payments": {
        "pay": 30, "customer authenticates": 16, "processing ends": 16, "webhooks": 10, "retry": 8, "cancel": 8, "fault": 12,
        "kill": 6, "hold": 5, "release": 4, "terminate": 4, "reset": 4, "reconcile": 3,
    },
}  # fmt: skip
_OPENINGS: Final[Mapping[str, Callable[[Dice], str]]] = {
    "anything": lambda dice: "cancel",
    "history": lambda dice: dice.choice(("cancel", "hold")),
    "money": lambda dice: "cancel",
    "labels": lambda dice: "cancel",
    "refunds": lambda dice: "refund",
    "payments": lambda dice: "pay",
}
