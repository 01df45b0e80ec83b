"""What is sent to place an order, and the refusal of a price that is another one by now."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Count, Fen, Id, Input, Text
from goodtaste.menu import api as menu
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.rules import Kind
from goodtaste.pricing import api as pricing

PARTY_MAX = 999
DONATION_MAX = 1_000_00  # fen

Party = Annotated[int, msgspec.Meta(ge=1, le=PARTY_MAX, description="How many people")]
Donation = Annotated[int, msgspec.Meta(ge=0, le=DONATION_MAX, description="Whole fen, by the diner's choice")]


class PriceChanged(Refusal):
    """Raised when the price is not the one the client saw.  Facts: `seen_fen`, `due_fen`, `priced` (the new price with its reasons)."""

    code = "ordering.price_changed"


class Cash(Input, frozen=True):
    """Cash put down at the counter with the order."""

    payment_id: Id
    tendered_fen: Fen


class PlaceOrder(Wanted, frozen=True, kw_only=True):
    """What is sent to place an order.  `seen_due_fen` is the price the diner agreed to; the server never takes a price from a client.

    `address_id`: where a member has it brought to, one of their own; it is kept with the order as it is then.
    """

    id: Id
    store_id: Id
    kind: Kind
    channel: pricing.Channel
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]
    seen_due_fen: Fen
    table_id: Id | None = None
    party: Party | None = None
    member_id: Id | None = None
    visit_id: Id | None = None
    address_id: Id | None = None
    points: Count = 0
    donation_fen: Donation = 0
    note: Text = ""
    cash: Cash | None = None
