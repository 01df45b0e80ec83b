"""What goes into a price and what comes out of it.  Frozen values: money in whole fen, rates in basis points, time aware."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from goodtaste.pricing.offers import Conditions, RefundPolicy

LINES_MAX = 200
QTY_MAX = 999
OFFERS_MAX = 200  # offers at hand that one price looks at
COUPONS_MAX = 100  # coupons at hand that one price looks at
NODES_MAX = 4_000  # nodes of the search for the cheapest combination, 20 to 30 µs each, for a cart of up to 16 lines

Channel = Literal["mini_program", "web", "table_qr", "counter", "kiosk", "delivery_platform"]
CouponKind = Literal["cash", "percent", "exchange"]
AnyCouponKind = Literal["cash", "percent", "exchange", "gift", "free_delivery"]
Stage = Literal["line", "order", "gift"]

COUPON_LANE = "coupon"
NO_CONDITIONS = Conditions()


class Line(msgspec.Struct, frozen=True):
    """What is asked for: `qty` of a SKU at its unit prices in fen, options included.

    `kept_fen` is what a piece costs that was ordered before, whoever pays it now; no other price is looked for.
    """

    line_no: int
    sku_id: str
    dish_id: str
    qty: int
    list_fen: int
    member_fen: int | None = None
    kept_fen: int | None = None


class ByHand(msgspec.Struct, frozen=True):
    """What a person takes off a price: `value` pieces of a line as a `gift`, or fen (`amount`) or basis points of what is left (`percent`)
    of one line or, without `line_no`, of all goods.
    """

    id: str
    kind: Literal["gift", "amount", "percent"]
    value: int
    line_no: int | None = None


class Coupon(msgspec.Struct, frozen=True):
    """A coupon at hand.

    `value`: fen off (cash), basis points off (percent), pieces free (exchange), pieces of `sku_id` (gift), fen of the delivery fee
    waived at most (free_delivery).  `conditions` ask more than stores and channels do.  An order takes at most `share_max` coupons of one
    `share_group`, where that is named, and one of what shares an exclusion group of `groups`; `stacks_with` and `refund_policy`
    as in `Offer`.
    """

    id: str
    kind: AnyCouponKind
    value: int
    threshold_fen: int
    cap_fen: int | None
    dish_ids: frozenset[str]
    store_ids: frozenset[str]
    channels: frozenset[str]
    valid_from_at: datetime
    valid_to_at: datetime
    usable: bool = True
    conditions: Conditions = NO_CONDITIONS
    groups: tuple[str, ...] = ()
    stacks_with: tuple[str, ...] | None = None
    share_group: str = ""
    share_max: int = 1
    sku_id: str = ""
    refund_policy: RefundPolicy | None = None


class PointsRate(msgspec.Struct, frozen=True):
    """What points are worth: `fen_per_100` fen for each 100 points, for at most `cap_bp` of what is left to pay."""

    fen_per_100: int
    cap_bp: int


class Lane(msgspec.Struct, frozen=True):
    """A step of the order of work.  Lanes work one after another, those of the lines first, gifts last.

    `counts`: what thresholds and percentages of an order lane are reckoned on: what is `left` when the lane's turn comes, or what was
    there `before` any order lane (never more than is left comes off).  `at_most`: how many offers of the lane an order has.
    """

    name: str
    stage: Stage
    counts: Literal["left", "before"] = "left"
    at_most: int | None = None


LANES = (Lane("line", "line"), Lane("order", "order"), Lane("gift", "gift"))
"""The lanes of a house that declares none.  Coupons come after the last order lane, in a lane of their own (`coupon`)."""


class Fees(msgspec.Struct, frozen=True):
    """What is added: packaging, delivery and tea in fen, service in basis points of the goods after coupons, a donation by choice.

    `minimum_fen`: what the goods must come to; what they lack, after all that came off but points, is charged.
    `round_to_fen`: what is due without the donation is rounded down to whole multiples of it (10: no odd fen), 0 and 1 leave it.
    """

    packaging_fen: int = 0
    delivery_fen: int = 0
    service_bp: int = 0
    tea_fen: int = 0
    donation_fen: int = 0
    round_to_fen: int = 0
    minimum_fen: int = 0


NO_FEES = Fees()


class Context(msgspec.Struct, frozen=True):
    """Where, when and for whom.

    `at` decides validity; `local_at` is the same instant on the store's clock, by which dayparts, weekdays and dates are judged (`at`
    as written where it is not given).  `table_kind` and `party` are None where there is no table, `level` and `birthday` (month, day)
    where they are not known.  `first_order`: no order of this member has been paid yet.  `favourites`: the dishes the
    member has marked, `favourite_bp` off each.  `max_coupons`: how many coupons one order takes.  `nodes_max` bounds the search
    of a cart of up to 16 lines; with twice as many it looks at half.  `by_hand`: what people take off, in the order in which it works.
    """

    store_id: str
    channel: str
    at: datetime
    is_member: bool = False
    points_balance: int = 0
    points_wanted: int | None = None
    rate: PointsRate = PointsRate(100, 1000)
    local_at: datetime | None = None
    table_kind: str | None = None
    party: int | None = None
    segment_ids: frozenset[str] = frozenset()
    level: str | None = None
    first_order: bool = False
    birthday: tuple[int, int] | None = None
    favourites: frozenset[str] = frozenset()
    favourite_bp: int = 0
    max_coupons: int = 1
    fees: Fees = NO_FEES
    lanes: tuple[Lane, ...] = LANES
    nodes_max: int = NODES_MAX
    by_hand: tuple[ByHand, ...] = ()


class PricedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line with what it costs: unit_fen * qty - offer_fen - coupon_fen - hand_fen - points_fen - rounding_fen == due_fen, its part."""

    line_no: int
    sku_id: str
    qty: int
    list_fen: int
    unit_fen: int
    coupon_fen: int
    points_fen: int
    due_fen: int
    offer_fen: int = 0
    rounding_fen: int = 0
    hand_fen: int = 0


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an amount came off: the code of the rule, the offer, the line where it belongs to one."""

    code: str
    saved_fen: int
    line_no: int | None = None
    offer_id: str | None = None


class WhyNot(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an offer at hand does not apply, and what is missing."""

    offer_id: str
    code: str
    facts: dict[str, Any] = {}


class Share(msgspec.Struct, frozen=True):
    """What an offer or coupon does to one line: `saved_fen` off its `base_fen`, of which `pieces` took part."""

    line_no: int
    pieces: int
    base_fen: int
    saved_fen: int


class Applied(msgspec.Struct, frozen=True, omit_defaults=True):
    """An offer or coupon that applies, share by share, with what a return must know of it.

    `tiers`: the amounts from which so much came off, lowest first, for what has a threshold; `sets`: how many times a promotion of several
    pieces came together; `refund_policy`: its own, None where it has none.
    """

    offer_id: str
    code: str
    lane: str
    saved_fen: int
    shares: list[Share] = []
    tiers: list[tuple[int, int]] = []
    sets: int = 0
    refund_policy: RefundPolicy | None = None


class Fee(msgspec.Struct, frozen=True):
    """A fee: `packaging`, `tea`, `delivery` (`waived_fen` of it does not count), `service`, or what the goods lack to the `minimum`."""

    code: Literal["packaging", "delivery", "service", "tea", "minimum"]
    amount_fen: int
    waived_fen: int = 0


class GiftLine(msgspec.Struct, frozen=True):
    """A line that costs nothing."""

    offer_id: str
    sku_id: str
    qty: int


class Proof(msgspec.Struct, frozen=True):
    """What the search can swear to: no legal combination costs less than `bound_fen` (goods and fees before points and donation).

    `exact`: the one taken costs just that.  Else `nodes`, the steps taken, reached the bound on the work, and the one taken is the best
    of those seen: at most `gap_fen` dearer than the cheapest.
    """

    exact: bool
    nodes: int
    cost_fen: int
    bound_fen: int

    @property
    def gap_fen(self) -> int:
        """How much cheaper the cheapest could be at most."""
        return self.cost_fen - self.bound_fen


class Priced(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cart with its price.

    list_fen - member_saving_fen - offer_fen - coupon_fen - hand_fen - points_fen == the goods; with the fees that are not waived, less
    rounding_fen, plus donation_fen, they are due_fen.  The goods less what rounding takes of them are the sum over the lines.
    """

    lines: list[PricedLine]
    reasons: list[Reason]
    why_not: list[WhyNot]
    list_fen: int
    member_saving_fen: int
    coupon_id: str | None
    coupon_fen: int
    points: int
    points_fen: int
    due_fen: int
    offer_fen: int = 0
    fees: list[Fee] = []
    rounding_fen: int = 0
    donation_fen: int = 0
    gifts: list[GiftLine] = []
    applied: list[Applied] = []
    proof: Proof | None = None
    hand_fen: int = 0

    @property
    def coupon_ids(self) -> list[str]:
        """The coupons that are used up, in the order in which they work."""
        return [each.offer_id for each in self.reasons if each.offer_id and each.code.startswith("coupon_")]
