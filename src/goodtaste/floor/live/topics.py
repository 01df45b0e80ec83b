"""Topics: what screens listen to.  A change to what one shows adds to its counter in the same transaction."""

from __future__ import annotations

from goodtaste.floor.live.tables import topic
from goodtaste.kernel.db import Change, add

MOVED = add(topic, key=["name"], counters=["n"], create=True)


def floor_of(store_id: str) -> str:
    """Return the topic of the tables of a store."""
    return f"floor/{store_id}"


def seating_of(seating_id: str) -> str:
    """Return the topic of one seating: its tables, guests, cart and bills."""
    return f"seating/{seating_id}"


def kitchen_of(store_id: str) -> str:
    """Return the topic of the kitchen of a store."""
    return f"kitchen/{store_id}"


def pickups_of(store_id: str) -> str:
    """Return the topic of the board of pickup numbers of a store."""
    return f"pickups/{store_id}"


def calls_of(store_id: str) -> str:
    """Return the topic of the calls from the tables of a store."""
    return f"calls/{store_id}"


def order_of(order_id: str) -> str:
    """Return the topic of one order's progress."""
    return f"order/{order_id}"


def moved(*names: str) -> Change:
    """Write that what these topics show has changed."""
    return MOVED.many([{"name": name, "n": 1} for name in names])
