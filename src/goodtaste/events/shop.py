"""What the points shop tells."""

from __future__ import annotations

from goodtaste.kernel.outbox import Event


class PointsExchanged(Event, frozen=True, kw_only=True):
    """A member exchanged points for an item of the points shop (`handed_over`, or `waiting` for it), or that was undone (`cancelled`)."""

    topic = "promo.points_exchanged.v1"
    key_field = "member_id"

    exchange_id: str
    member_id: str
    item_id: str
    points: int
    state: str
