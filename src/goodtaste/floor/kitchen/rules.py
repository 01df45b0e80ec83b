"""Pure rules of the kitchen: where pieces stand and go, and when they will be ready."""

from __future__ import annotations

from typing import Literal

import msgspec

Stage = Literal["preparing", "ready", "served"]
Act = Literal["start", "bump", "recall", "serve", "unserve"]

PRIOR_N = 20  # dishes that the queue's own estimate counts for, beside what history says
FACTOR_MIN, FACTOR_MAX = 0.25, 4.0
MINUTES_DEFAULT = 8  # of a dish that does not say how long it takes

_BACK = ("waiting", "cooking", "ready", "served")  # what is not wanted is first taken from what was not begun
_MOVES = ("served", "ready", "cooking", "waiting")  # a bill is split over what was eaten first
_ACTS: dict[Act, tuple[tuple[str, ...], str]] = {
    "start": (("waiting",), "cooking"),
    "bump": (("cooking", "waiting"), "ready"),
    "recall": (("ready",), "cooking"),
    "serve": (("ready",), "served"),
    "unserve": (("served",), "ready"),
}


class Counts(msgspec.Struct, frozen=True):
    """Where pieces of a dish stand."""

    fired: int = 0
    waiting: int = 0
    cooking: int = 0
    ready: int = 0
    served: int = 0
    returned: int = 0

    @property
    def wanted(self) -> int:
        """How many are to be made, or were: those that did not come back."""
        return self.fired - self.returned


def fire(counts: Counts, qty: int) -> Counts:
    """Return the counts with pieces that are to be made now."""
    return msgspec.structs.replace(counts, fired=counts.fired + qty, waiting=counts.waiting + qty)


def give_back(counts: Counts, qty: int) -> Counts:
    """Return the counts without pieces that are not wanted any more; ValueError where there are not so many."""
    after = _without(counts, qty, _BACK)
    return msgspec.structs.replace(counts, **after, returned=counts.returned + qty)


def leave(counts: Counts, qty: int) -> tuple[Counts, Counts]:
    """Return the counts without pieces that go to another bill, and those pieces; ValueError where there are not so many."""
    after = _without(counts, qty, _MOVES)
    went = {name: getattr(counts, name) - n for name, n in after.items()}
    return msgspec.structs.replace(counts, **after, fired=counts.fired - qty), Counts(fired=qty, **went)


def arrive(counts: Counts, more: Counts) -> Counts:
    """Return the counts with pieces that came from another bill, each where it stands."""
    return Counts(*[getattr(counts, name) + getattr(more, name) for name in Counts.__struct_fields__])


def possible(counts: Counts, what: Act) -> int:
    """Return with how many pieces this can be done."""
    return sum(getattr(counts, name) for name in _ACTS[what][0])


def act(counts: Counts, what: Act, qty: int) -> Counts:
    """Return the counts after something was done with pieces; ValueError where there are not so many."""
    from_, to = _ACTS[what]
    after = _without(counts, qty, from_)
    return msgspec.structs.replace(counts, **after, **{to: getattr(counts, to) + qty})


def _without(counts: Counts, qty: int, names: tuple[str, ...]) -> dict[str, int]:
    after, left = {}, qty
    for name in names:
        there = getattr(counts, name)
        after[name] = there - min(there, left)
        left -= min(there, left)
    if left:
        raise ValueError(f"{left} pieces too many")
    return after


def queue_s(*, ahead_minutes: int, minutes: int, qty: int, capacity: int) -> int:
    """Return how long a dish should take, in seconds: the queue before it and itself, made side by side; never less than one piece."""
    work = (ahead_minutes + minutes * qty) * 60 / capacity
    return round(max(work, minutes * 60))


def factor(*, n: int, raw_s: int, took_s: int) -> float:
    """Return by how much dishes took longer than their queue said, from `n` of them; `PRIOR_N` dishes that took as long are added."""
    if not n or not raw_s:
        return 1.0
    prior_s = PRIOR_N * raw_s / n
    return min(max((took_s + prior_s) / (raw_s + prior_s), FACTOR_MIN), FACTOR_MAX)


def stage(counts: list[Counts]) -> Stage | None:
    """Return how far the kitchen is with all dishes of an order: `preparing`, `ready`, `served`, or None where nothing was begun."""
    wanted = sum(each.wanted for each in counts)
    served, ready = sum(each.served for each in counts), sum(each.ready for each in counts)
    if wanted and served == wanted:
        return "served"
    if wanted and served + ready == wanted:
        return "ready"
    return "preparing" if served + ready + sum(each.cooking for each in counts) else None
