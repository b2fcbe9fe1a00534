"""Shrinking: removes parts of a failing sequence while it still fails in the same way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from explore.play import Failure
from explore.sequence import Sequence

Outcome = Callable[[Sequence], Awaitable[Failure | None]]


async def shrunk(sequence: Sequence, failure: Failure, outcome: Outcome) -> tuple[Sequence, Failure]:
    """The smallest sequence found with a failure of the same kind, and its failure. outcome: plays a sequence.

    Delta debugging: tries all ways to remove a part concurrently, halves first, single acts last.
    """
    size = max(1, len(sequence.acts) // 2)
    while size:
        candidates = list(_smaller(sequence, size))
        found = await asyncio.gather(*map(outcome, candidates))
        same = [(c, f) for c, f in zip(candidates, found, strict=True) if f is not None and f.kind == failure.kind]
        if same:
            sequence, failure = min(same, key=lambda each: len(each[0].acts) + len(each[0].orders))
            size = min(size, max(1, len(sequence.acts) // 2))
        else:
            size //= 2
    return sequence, failure


def _smaller(sequence: Sequence, size: int) -> Iterator[Sequence]:
    acts, orders = sequence.acts, sequence.orders
    if len(orders) > 1:
        yield replace(sequence, orders=orders[:1], acts=tuple(act for act in acts if act.order == 0))
    for start in range(0, len(acts), size):
        yield replace(sequence, acts=acts[:start] + acts[start + size :])
