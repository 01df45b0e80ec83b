"""Pure rules of ordering: which state may follow which."""

from __future__ import annotations

from typing import Literal, Protocol

from goodtaste.kernel.errors import Refusal

Kind = Literal["counter", "dine_in", "kiosk", "pickup", "delivery"]
WAITS = ("unpaid", "paying", "part_paid")  # how an order stands that is not paid yet
State = Literal[
    "placed", "accepted", "preparing", "ready", "served", "picked_up", "delivered", "completed", "cancelled"
]

HANDED_OVER = {
    "counter": "picked_up",
    "kiosk": "picked_up",
    "pickup": "picked_up",
    "dine_in": "served",
    "delivery": "delivered",
}
_NEXT: dict[str, tuple[str, ...]] = {
    "placed": ("accepted", "cancelled"),
    "accepted": ("preparing", "ready", "cancelled"),
    "preparing": ("ready",),
    "ready": (),
    "served": ("completed",),
    "picked_up": ("completed",),
    "delivered": ("completed",),
    "completed": (),
    "cancelled": (),
}


class Pieces(Protocol):
    """A line as far as it says how many pieces of it are held."""

    @property
    def held_qty(self) -> int:
        """How many are not to be made yet."""


class WrongState(Refusal):
    """Raised when an order cannot go from its state to another.  Facts: `order_id`, `state`, `asked`, `possible`."""

    code = "ordering.wrong_state"


def fired_of(line: Pieces, qty: int) -> int:
    """Return how many of `qty` pieces that come back of a line were fired: what is held comes back first."""
    return max(0, qty - line.held_qty)


def possible(kind: str, state: str) -> tuple[str, ...]:
    """Return the states that may follow `state` in an order of this kind."""
    return (HANDED_OVER[kind],) if state == "ready" else _NEXT[state]


def advance(order_id: str, *, kind: str, state: str, to: str) -> None:
    """Refuse `WrongState` unless `to` may follow `state`."""
    if to not in possible(kind, state):
        raise WrongState(order_id=order_id, state=state, asked=to, possible=list(possible(kind, state)))
