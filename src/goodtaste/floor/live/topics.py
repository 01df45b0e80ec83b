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


def moved(*names: str) -> Change:
    """Write that what these topics show has changed."""
    return MOVED.many([{"name": name, "n": 1} for name in names])
