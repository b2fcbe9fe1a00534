"""The table of cases: every answer of a provider, at every step, with every act of a person, with and without webhooks."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from explore.sequence import AFTER_ALL, Act, OrderPlan, Sequence

# Boundaries that an order passes before each step; the last one is at rest.
STEPS: Final[Mapping[str, int]] = {
    "before the charge": 6,
    "after the charge": 7,
    "before the label": 12,
    "after the label": 13,
    "at rest": AFTER_ALL,
}
_REFUND: Final = "r"


def _act(what: str, at: int = 0, **how: Any) -> Act:
    return Act(0, at, what, how)


def _fault(operation: str, kind: str, calls: int = 1) -> Act:
    return _act("fault", operation=operation, kind=kind, calls=calls)


_PLAIN: Final = OrderPlan()
_HELD: Final = OrderPlan(held_money=True)
# An answer that the provider gives to a call of ours, whenever that comes. Acts at rest follow the person's act.
_ANSWERS: Final[Mapping[str, tuple[OrderPlan, tuple[Act, ...]]]] = {
    "as asked": (_PLAIN, ()),
    "authorised first": (_HELD, ()),
    "declined": (OrderPlan("declined"), ()),
    "declined, may pay again": (OrderPlan("declined", waits=True), ()),
    "authentication wanted": (OrderPlan("authenticated"), ()),
    "authentication abandoned": (OrderPlan("authenticated", waits=True), ()),
    "authentication done": (
        OrderPlan("authenticated", waits=True),
        (_act("customer authenticates", 14, succeeds=True),),
    ),
    "authentication failed": (
        OrderPlan("authenticated", waits=True),
        (_act("customer authenticates", 14, succeeds=False),),
    ),
    "processing, then paid": (OrderPlan("debited"), (_act("processing ends", 14, succeeds=True),)),
    "processing, then failed": (OrderPlan("debited"), (_act("processing ends", 14, succeeds=False),)),
    "refund pending, then made": (
        _PLAIN,
        (_fault("refund.create", "pending"), _act("refunds end", AFTER_ALL, succeeds=True)),
    ),
    "refund pending, then failed": (
        _PLAIN,
        (_fault("refund.create", "pending"), _act("refunds end", AFTER_ALL, succeeds=False)),
    ),
    "refund made, then failed": (_PLAIN, (_act("refund bounces", AFTER_ALL),)),
    "refund refused": (_PLAIN, (_fault("refund.create", "refused", 30),)),
    "no rates for now": (_PLAIN, (_fault("shipment.create", "no rates"), _fault("shipment.rerate", "no rates", 8))),
    "sale refused for now": (_PLAIN, (_fault("shipment.buy", "unable", 8),)),
    "rates expired": (_PLAIN, (_fault("shipment.buy", "expired"),)),
    "label refused": (_PLAIN, (_fault("shipment.create", "refused"),)),
}
# What people and banks do at Stripe by themselves, at the step.
_CHANGES: Final[Mapping[str, tuple[OrderPlan, tuple[tuple[str, Mapping[str, Any]], ...]]]] = {
    "a part refunded by hand": (_PLAIN, (("refund by hand", {"amount": 500}),)),
    "all refunded by hand": (_PLAIN, (("refund by hand", {"amount": None}),)),
    "refunded by hand, then failed": (_PLAIN, (("refund by hand", {"amount": 500}), ("refund bounces", {}))),
    "a part captured by hand": (_HELD, (("capture by hand", {"amount": 700}),)),
    "all captured by hand": (_HELD, (("capture by hand", {"amount": None}),)),
    "released by hand": (_HELD, (("void by hand", {}),)),
    "disputed": (_PLAIN, (("dispute", {"amount": None}),)),
    "a part disputed": (_PLAIN, (("dispute", {"amount": 700}),)),
    "dispute won": (_PLAIN, (("dispute", {"amount": None}), ("disputes end", {"won": True}))),
    "dispute lost": (_PLAIN, (("dispute", {"amount": None}), ("disputes end", {"won": False}))),
    "a part lost in a dispute": (_PLAIN, (("dispute", {"amount": 700}), ("disputes end", {"won": False}))),
}
_OF_REFUND: Final = ("refund", {"id": _REFUND, "amount": 1_000})
_OF_ALL: Final = ("refund", {"id": _REFUND, "amount": 3_000})
# Acts of a person at the step; those about refunds need a shipped order, and come at rest.
_ACTS: Final[Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]]] = {
    "none": (),
    "cancel": (("cancel", {"heard": True}),),
    "hold, release": (("hold", {}), ("release", {"heard": True})),
    "retry": (("retry", {"heard": True}),),
    "retry by another carrier": (("retry", {"heard": True, "carrier": "UPS", "service": "Ground"}),),
    "pay by another card": (("pay", {"method": "pm_card_visa", "heard": True}),),
    "refund a part": (_OF_REFUND,),
    "refund all": (_OF_ALL,),
    "refund, withdraw": (_OF_REFUND, ("close refund", {"id": _REFUND, "outcome": "withdrawn"})),
    "refund, settle": (_OF_REFUND, ("close refund", {"id": _REFUND, "outcome": "settled_elsewhere"})),
    "settle the cancellation": (("cancel", {"heard": True}), ("close refund", {"outcome": "settled_elsewhere"})),
    "reconcile": (("reconcile", {}),),
}
_AT_REST: Final = ("refund a part", "refund all", "refund, withdraw", "refund, settle")


def cases() -> list[Sequence]:
    """Every case, in the same order on every machine; its seed is its index."""
    found = itertools.chain(_of_answers(), _of_changes())
    return [replace(case, seed=seed) for seed, case in enumerate(found)]


def _of_answers() -> Iterator[Sequence]:
    for (answer, (plan, given)), step, act in itertools.product(_ANSWERS.items(), STEPS, _ACTS):
        if _is_case(act, step):
            yield from _cases((answer, step, act), plan, (*_acts(act, STEPS[step]), *given))


def _of_changes() -> Iterator[Sequence]:
    for (change, (plan, given)), step, act in itertools.product(_CHANGES.items(), STEPS, _ACTS):
        if step != "before the charge":  # there is no payment to change
            at = STEPS[step]
            changed = [_act(what, at, **how) for what, how in given]
            delivered = _act("webhooks", at, times=1, newest_first=False)
            yield from _cases((change, step, act), plan, (*changed, delivered, *_acts(act, at)))


def _cases(names: tuple[str, ...], plan: OrderPlan, acts: tuple[Act, ...]) -> Iterator[Sequence]:
    ordered = tuple(sorted(acts, key=lambda act: act.at))
    for webhooks in (True, False):
        name = " × ".join((*names, f"webhooks {'on' if webhooks else 'off'}"))
        yield Sequence(0, (plan,), ordered, webhooks, name)


def _is_case(act: str, step: str) -> bool:
    """False for a repetition of a case: without an act, or with one that comes at rest, the step makes no difference."""
    return step == "at rest" or not (_ACTS[act] == () or act in _AT_REST)


def _acts(act: str, at: int) -> tuple[Act, ...]:
    return tuple(_act(what, AFTER_ALL if act in _AT_REST else at, **how) for what, how in _ACTS[act])
